// The shim makes the wall clock of the real process jump, while runs sleep and across a restart. By
// the engine's clock, no sleep ends early and none is lost. By the steady clock, none takes longer
// than its length, whatever the wall clock does.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "faults/campaign.hpp"
#include "faults/load.hpp"

namespace stet_faults {
namespace {

constexpr std::int64_t second = 1'000'000'000, hour = 3600 * second, year = hour * 24 * 365;

struct jump {
  const char* name;
  std::int64_t ahead;
};

/// The time from now to one second before the first second of a year, so that the year begins while
/// the life lasts.
std::int64_t until(int y) {
  tm t{};
  t.tm_year = y - 1900;
  t.tm_mday = 1;
  return (timegm(&t) - ::time(nullptr) - 1) * second;
}

std::vector<jump> jumps() {
  return {{"+1 s", second},      {"-1 s", -second},     {"+1 h", hour},
          {"-1 h", -hour},       {"+10 y", 10 * year},  {"-10 y", -10 * year},
          {"2038", until(2038)}, {"2106", until(2106)}, {"1970", -::time(nullptr) * second}};
}

/// Makes the clock jump after `ms`, and kills the process after `kill_ms` unless that is 0.
how_to_live jumping(trial& t, int ms, std::int64_t ahead, int kill_ms) {
  return {.shim = true,
          .attend =
              [&t, ms, ahead, kill_ms](int pid) {
                ::usleep(static_cast<unsigned>(ms) * 1000);
                t.shim().ahead_ns = ahead;
                if (kill_ms) {
                  ::usleep(static_cast<unsigned>(kill_ms) * 1000);
                  ::kill(pid, SIGKILL);
                }
                return await(pid);
              },
          .prepare = {}};
}

/// The script "naps" compares each sleep with both clocks, and its outcome says what is wrong.
void explore(const std::string& folder, const std::string& name, const std::string& kind,
             const jump& j, bool restarts, tally& sum) {
  for (long n = how_many(1, 20), i = 0; i < n; ++i) {
    trial t(folder, kind, "naps", i % 2 ? 100'000 : 0, 2);
    t.expect(naps());
    auto end = t.live(jumping(t, static_cast<int>(20 + i * 13 % 60), j.ahead, restarts ? 40 : 0));
    ++sum.hit;
    ++sum.ends[to_text(end)];
    if (end != life_end::finished && end != life_end::killed)
      t.violate(std::string("the life ") + to_text(end) + ": " + t.last_words());
    t.judge(restarts);
    if (end == life_end::killed) {  // the clock stays where it has jumped to
      end = t.live(jumping(t, 0, j.ahead, 0));
      if (end != life_end::finished)
        t.violate(std::string("the life behind the jump ") + to_text(end) + ": " + t.last_words());
      t.judge(1);
    }
    t.finish(restarts);  // and back again
    sum.take(t, name);
  }
}

}  // namespace

int clocks() {
  std::vector<cell> cells;
  for (auto& kind : store_kinds())
    for (auto& j : jumps())
      for (bool restarts : {false, true}) {
        auto name = kind + "/" + j.name + (restarts ? "/restart" : "");
        cells.push_back({name, [=](const std::string& folder, tally& sum) {
                           explore(folder, name, kind, j, restarts, sum);
                         }});
      }
  return run_campaign("clocks", cells);
}

}  // namespace stet_faults
