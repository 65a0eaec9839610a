#include "load.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <tuple>
#include <utility>

namespace bench {
namespace {

stet::task<void> pooled(stet::context& ctx, std::uint32_t steps) {
  for (; steps > 0; --steps) co_await ctx.step("step", some_result);
  ctx.log("ended");
}
stet::task<void> inlined(stet::context& ctx, std::uint32_t steps) {
  for (; steps > 0; --steps) co_await ctx.step("step", {.run_inline = true}, some_result);
  ctx.log("ended");
}

}  // namespace

std::string some_result() { return std::string(result_bytes, 'x'); }

void define_runs(stet::engine& e) {
  e.define(Pooled, pooled);
  e.define(Inlined, inlined);
}

void tally::log(std::string_view, std::string_view) noexcept {
  ended_.fetch_add(1, std::memory_order_release);
  ended_.notify_all();
}

void tally::until(std::uint32_t wanted) const noexcept {
  while (ended() < wanted) std::this_thread::sleep_for(std::chrono::microseconds(500));
}

std::string name_of(naming n, std::uint64_t number) {
  if (n == naming::counted) return "run-" + std::to_string(number);
  auto x = number + 0x9e37'79b9'7f4a'7c15;  // splitmix64: different numbers give different results
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
  x ^= x >> 31;
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(x));
  return text;
}

void start_runs(stet::engine& e, const kind_of_run& kind, std::size_t count, std::uint32_t steps,
                naming names) {
  static std::atomic<std::uint64_t> next{0};
  auto first = next.fetch_add(count);
  std::vector<std::pair<std::string, std::tuple<std::uint32_t>>> runs;
  runs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) runs.emplace_back(name_of(names, first + i), steps);
  e.start_all(kind, runs);
}

crowd::crowd(stet::engine& e, tally& t, const kind_of_run& kind, std::size_t concurrency,
             naming names)
    : engine_(e),
      tally_(t),
      kind_(kind),
      concurrency_(concurrency),
      names_(names),
      started_(t.ended()) {
  // Two threads: one has the next runs ready while the other waits for its commit.
  for (int i = 0; i < (concurrency > 1 ? 2 : 1); ++i) threads_.emplace_back([this] { feed(); });
}

crowd::~crowd() {
  stopping_ = true;
  for (auto& t : threads_) t.join();
  tally_.until(started_);
  (void)engine_.find(kind_, "nobody");  // answered when everything before it is durable
}

std::size_t crowd::take_room() {
  std::lock_guard lock(mutex_);
  auto room = concurrency_ - (started_ - tally_.ended());
  if (room < std::max<std::size_t>(concurrency_ / 20, 1))
    return 0;  // each call takes a turn of the engine's loop
  room = std::min(room, std::max<std::size_t>(concurrency_ / 10, 1));
  started_ += static_cast<std::uint32_t>(room);
  return room;
}

void crowd::wait_for_room(std::uint32_t seen) const {
  if (concurrency_ == 1) return tally_.wait_beyond(seen);  // every microsecond counts
  auto nap = std::clamp<std::size_t>(concurrency_, 50, 1000);
  std::this_thread::sleep_for(std::chrono::microseconds(nap));
}

void crowd::feed() {
  while (!stopping_) {
    auto seen = tally_.ended();
    if (auto room = take_room()) start_runs(engine_, kind_, room, steps_per_run, names_);
    else wait_for_room(seen);
  }
}

}  // namespace bench
