// Runs that sleep, and compare their sleeps with the engine's clock and the steady clock.
#include <time.h>

#include "crash/bodies.hpp"
#include "faults/load.hpp"

namespace stet_faults {

using namespace stet_crash;

namespace {

constexpr flow_name Nap{"nap"};
constexpr int lengths_ms[] = {30, 60, 90, 150, 200};
// For a busy machine, and a restart in between. The jumps to be noticed are of an hour and more.
constexpr std::int64_t slack_ms = 20'000;

std::int64_t steady_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);  // the same in every process since the machine started
  return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

auto look_at_clock(stet::context& ctx, const char* name) {
  return ctx.step(
      name,
      [](stet::step_context& s, const std::string& id, const std::string& step) {
        effect(s, id, step);
        return steady_ms();
      },
      std::string(ctx.id()), std::string(name));
}

stet::task<std::string> nap(stet::context& ctx, int ms) {
  auto before = co_await look_at_clock(ctx, "before");
  auto asleep = ctx.now();
  co_await ctx.sleep(std::chrono::milliseconds(ms));
  auto awake = ctx.now();
  auto after = co_await look_at_clock(ctx, "after");
  // If a process starts with a clock set back, ctx.now() stands still until the clock has caught
  // up.
  bool whole = awake - asleep >= std::chrono::milliseconds(ms) || after - before >= ms;
  if (!whole) co_return "early";
  // A sleep that is begun anew after a start with a clock set back takes its whole length again.
  if (after - before > std::int64_t{2} * ms + slack_ms) co_return "late";
  co_return "ok";
}

std::string id_of(int ms) { return "nap/" + std::to_string(ms); }

}  // namespace

script naps() {
  script s;
  s.name = "naps";
  for (int ms : lengths_ms) s.runs.push_back({id_of(ms), {"ok"}});
  return s;
}

void define_naps(stet::engine& e) { e.define(Nap, nap); }

void take_naps(stet::engine& e) {
  for (int ms : lengths_ms) {
    (void)e.start(Nap, id_of(ms), ms);
    tell(fact_kind::run, {id_of(ms)});
  }
  for (int ms : lengths_ms)
    tell(fact_kind::result, {id_of(ms), e.start(Nap, id_of(ms), ms).result()});
}

}  // namespace stet_faults
