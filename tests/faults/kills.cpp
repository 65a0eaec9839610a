// SIGKILL at random moments, again and again, on one store that lives long, with four threads of
// callers.
#include <signal.h>
#include <unistd.h>

#include <random>

#include "faults/campaign.hpp"
#include "faults/load.hpp"

namespace stet_faults {
namespace {

constexpr int ms_min = 5, ms_max = 120;

how_to_live killed_after(int ms) {
  return {.shim = false,
          .attend =
              [ms](int pid) {
                ::usleep(static_cast<unsigned>(ms) * 1000);
                ::kill(pid, SIGKILL);
                return await(pid);
              },
          .prepare = {}};
}

void explore(const std::string& folder, const std::string& name, const std::string& kind,
             std::size_t resident, tally& sum) {
  std::mt19937 chance(static_cast<unsigned>(seed() + std::hash<std::string>()(name)));
  std::uniform_int_distribution<int> moment(ms_min, ms_max);
  trial t(folder, kind, "load", resident, 3);
  unsigned killed = 0;
  for (long n = how_many(10, 300); n > 0; --n) {
    auto end = t.live(killed_after(moment(chance)));
    ++sum.trials;
    killed += end == life_end::killed;
    ++sum.ends[to_text(end)];
    if (end != life_end::killed && end != life_end::finished)
      t.violate(std::string("a life ") + to_text(end) + ": " + t.last_words());
    t.expect(script_of(t.setup().facts, false));
    t.judge(killed);
    t.forget_all_but_last();
    if (!t.violated().empty()) break;
  }
  sum.hit += killed;
  t.expect(script_of(t.setup().facts, true));
  t.be("drain");
  t.finish(killed);
  sum.take(t, name + ", after " + std::to_string(killed) + " kills");
}

}  // namespace

int kills() {
  std::vector<cell> cells;
  for (std::size_t resident : {0u, 5u, 100'000u})
    for (auto& kind : store_kinds()) {
      auto name = kind + "/" + std::to_string(resident);
      cells.push_back({name, [=](const std::string& folder, tally& sum) {
                         explore(folder, name, kind, resident, sum);
                       }});
    }
  return run_campaign("kills", cells);
}

}  // namespace stet_faults
