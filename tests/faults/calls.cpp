// The n-th call on the files of a store fails: EIO, no room by each of its numbers, EINTR, EMFILE,
// half a write, or a flush that loses the dirty data and succeeds the next time. It fails once, a
// few times, or from then on [S160].
#include <cerrno>
#include <climits>
#include <cstring>

#include "faults/campaign.hpp"

namespace stet_faults {
namespace {

struct fault {
  const char* name;
  unsigned kinds;
  int error;
  long times;
};

constexpr fault faults[] = {
    {"EIO once", call_any, EIO, 1},
    {"EIO from then on", call_any, EIO, LONG_MAX},
    {"ENOSPC once", call_write | call_truncate | call_open, ENOSPC, 1},
    {"ENOSPC 5 times", call_write | call_truncate | call_open, ENOSPC, 5},
    {"EDQUOT once", call_write | call_truncate | call_open, EDQUOT, 1},
    {"EDQUOT 5 times", call_write | call_truncate | call_open, EDQUOT, 5},
    {"EFBIG once", call_write | call_truncate, EFBIG, 1},
    {"EFBIG 5 times", call_write | call_truncate, EFBIG, 5},
    {"EINTR once", call_write | call_read | call_open | call_truncate | call_flush, EINTR, 1},
    {"EMFILE once", call_open, EMFILE, 1},
    {"a short write", call_write, short_write, 1},
    {"short writes from then on", call_write, short_write, LONG_MAX},
    {"a flush fails", call_flush, EIO, 1},
    {"a flush that loses all, and the next succeeds", call_flush, lying_flush, 1},
};

bool says_full(const std::string& words) {
  for (int native : {ENOSPC, EDQUOT, EFBIG})
    if (words.find(std::strerror(native)) != std::string::npos) return true;
  return false;
}

void one(trial& t, const fault& f, long at, tally& sum) {
  auto& shim = t.shim();
  shim.kinds = f.kinds;
  shim.error = f.error;
  shim.fail_times = f.times;
  shim.fail_from = at;
  auto end = t.live();
  bool hit = shim.failed > 0;
  sum.hit += hit;
  if (end == life_end::stuck) ++sum.ends["was stuck, or waited for room"];
  else ++sum.ends[to_text(end)];
  auto words = t.last_words();
  // A commit is tried again until there is room.
  bool waits = end == life_end::stuck && says_full(words);
  if ((end == life_end::stuck && !waits) || end == life_end::died ||
      (end == life_end::failed && !hit))
    t.violate(std::string("the life ") + to_text(end) + ": " + words);
  t.judge(1);
  t.finish(1);
}

void explore(const std::string& folder, const std::string& name, const std::string& kind,
             const std::string& script, const fault& f, tally& sum) {
  long all;
  {
    trial t(folder, kind, script, 0, 2);
    t.shim().kinds = f.kinds;
    if (t.live() != life_end::finished) t.violate("it doesn't even work well: " + t.last_words());
    all = t.shim().calls;
    sum.take(t, name);
  }
  for (long at : sample(all, 4, std::hash<std::string>()(name))) {
    trial t(folder, kind, script, 0, 2);
    one(t, f, at, sum);
    sum.take(t, name + ", call " + std::to_string(at) + " of " + std::to_string(all));
  }
}

}  // namespace

int calls() {
  std::vector<cell> cells;
  for (auto& kind : store_kinds())
    for (std::string script : {"crowd", "counts"})
      for (auto& f : faults) {
        auto name = kind + "/" + script + "/" + f.name;
        cells.push_back({name, [=, &f](const std::string& folder, tally& sum) {
                           explore(folder, name, kind, script, f, sum);
                         }});
      }
  return run_campaign("calls", cells);
}

}  // namespace stet_faults
