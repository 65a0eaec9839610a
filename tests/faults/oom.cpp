// The n-th allocation fails: once, several times in a row, or from then on. This concerns operator
// new, coroutine frames, and the malloc calls of liblmdb, librocksdb and libsqlite3, on every
// thread [S176].
#include <climits>

#include "faults/campaign.hpp"

namespace stet_faults {
namespace {

constexpr const char* stands_still = "is stalled: out of memory";
constexpr long in_a_row[] = {1, 20, LONG_MAX};

/// The worker was ended by another library, which can't report that it has no memory.
bool is_anothers_end(const std::string& words) {
  return words.find("librocksdb") != std::string::npos || words.find("libc.so.6(") == 0;
}

void one(trial& t, long at, long times, tally& sum) {
  auto& shim = t.shim();
  shim.deny_from = at;
  shim.deny_times = times;
  auto end = t.live();
  bool hit = shim.denied > 0;
  sum.hit += hit;
  auto words = t.last_words();
  // A run whose code gets no memory waits for the next start, and the engine reports that.
  bool told = end == life_end::stuck && words.find(stands_still) != std::string::npos;
  bool anothers = (end == life_end::died || end == life_end::stuck) && is_anothers_end(words);
  ++sum.ends[told       ? "waited for a run that is told to be stalled for lack of memory"
             : anothers ? "ended in librocksdb, which can't report it"
                        : to_text(end)];
  if ((end == life_end::stuck && !told && !anothers) || (end == life_end::died && !anothers) ||
      (end == life_end::failed && !hit))
    t.violate(std::string("the life ") + to_text(end) + ": " + words);
  // Each denial may have cut a step short, and so may the end of the process.
  auto harm = static_cast<unsigned>(shim.denied > 40 ? 40 : shim.denied.load()) + 1;
  t.judge(harm);
  t.forgive(stands_still);
  t.finish(harm);
  t.forgive("told to end with !stalled: out of memory");
  // An exception in a transaction ends its run unless its options ask for more attempts.
  if (t.setup().script == "counts") t.forgive("ended with !failed");
}

void explore(const std::string& folder, const std::string& name, const std::string& kind,
             const std::string& script, std::size_t resident, tally& sum) {
  long all;
  {
    trial t(folder, kind, script, resident, 2);
    t.shim().deny_times = 1;  // `counts`, from 0, never
    if (t.live() != life_end::finished)
      t.violate("it doesn't even work with memory: " + t.last_words());
    all = t.shim().allocations;
    t.judge(0);
    sum.take(t, name);
  }
  for (long at : sample(all, 6, std::hash<std::string>()(name))) {
    long times = in_a_row[static_cast<std::size_t>(at) % 3];
    trial t(folder, kind, script, resident, 2);
    one(t, at, times, sum);
    sum.take(t, name + ", allocation " + std::to_string(at) + " of " + std::to_string(all) + ", " +
                    (times == LONG_MAX ? "and all behind it" : std::to_string(times) + " times"));
  }
}

}  // namespace

int oom() {
  return run_campaign("oom", cells_of({"crowd", "entities", "counts", "goes on"}, explore));
}

}  // namespace stet_faults
