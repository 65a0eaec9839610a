#include "fill.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "load.hpp"

namespace bench {
namespace {

constexpr std::uint64_t first_number = std::uint64_t{1} << 40;  // none of start_runs

stet::task<void> empty(stet::context&) { co_return; }
stet::task<void> asleep(stet::context& ctx) { co_await ctx.sleep(std::chrono::hours(24 * 30)); }

void start(stet::engine& e, const stet::workflow<void()>& kind, std::uint64_t first,
           std::size_t count, naming names = naming::scattered) {
  std::vector<std::pair<std::string, std::tuple<>>> runs;
  runs.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    runs.emplace_back(name_of(names, first_number + first + i), std::tuple());
  if (count > 0) e.start_all(kind, runs);
}

}  // namespace

void define_fillers(stet::engine& e) {
  e.define(Empty, empty);
  e.define(Asleep, asleep);
}

void fill(const std::string& store, const folder& where, const content& c) {
  stet::engine e(open_store(store, where),
                 {.threads = 0, .resident_runs_max = 1000, .commits = stet::durability::process});
  define_fillers(e);
  e.start();
  constexpr std::size_t at_once = 1000;
  for (std::size_t done = 0; done < c.runs; done += at_once) {
    auto count = std::min(at_once, c.runs - done);
    auto sleeping = count * c.asleep_in_thousand / 1000;
    start(e, Asleep, done, sleeping, c.names);
    start(e, Empty, done + sleeping, count - sleeping, c.names);
    e.run_until_idle();
  }
  e.close();
}

void start_asleep(stet::engine& e, std::size_t runs) { start(e, Asleep, 0, runs); }

}  // namespace bench
