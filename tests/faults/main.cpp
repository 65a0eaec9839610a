// Real faults: each campaign does something to the process, the calls or the files under an engine,
// and holds the store that is left against the invariants of the crash suite.
//
//   faults NAME                          a sample: some seconds
//   STET_FAULT_BUDGET=full faults NAME   all of it; =N for N trials of each cell
//   STET_FAULT_SEED=N, STET_FAULT_ONLY=PART_OF_A_CELL'S_NAME
//   faults worker …                      a process that a campaign starts itself
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "faults/campaign.hpp"

int main(int count, char** texts) {
  using namespace stet_faults;
  static const std::map<std::string, int (*)()> campaigns = {
      {"blocks", blocks}, {"blocks-control", blocks_control},
      {"calls", calls},   {"clocks", clocks},
      {"host", host},     {"kills", kills},
      {"oom", oom},       {"syscalls", syscalls},
      {"throws", throws},
  };
  std::string name = count > 1 ? texts[1] : "";
  try {
    if (name == "worker") return live(parse_life(count - 2, texts + 2));
    auto found = campaigns.find(name);
    if (found != campaigns.end()) return found->second();
    std::fprintf(stderr, "faults: the campaigns are");
    for (auto& [known, f] : campaigns) std::fprintf(stderr, " %s", known.c_str());
    std::fprintf(stderr, "\n");
  } catch (const std::exception& e) { std::fprintf(stderr, "faults: %s\n", e.what()); }
  return 2;
}
