// One trial: a script in a configuration, killed, restarted, perhaps killed again, restarted and
// finished.
#pragma once
#include <string>
#include <vector>

#include "crash/checks.hpp"
#include "crash/life.hpp"

namespace stet_crash {

struct trial {
  const script* what = nullptr;
  const config* how = nullptr;
  unsigned at = 0;      // the failpoint that kills; 0: none
  unsigned second = 0;  // in the life after it; 0: none
  bool again = false;   // one more life at the end, in which nothing may happen any more

  std::string flags() const;  // with which it is done once more
};

struct trial_result {
  violations violated;
  std::vector<std::string> points;  // where it was killed: "after body 3"
  unsigned hits = 0;                // failpoints of the first life, if it went through
  std::vector<fact> facts;
};

/// `folder` is emptied, and used.
trial_result run_trial(const trial& t, const std::string& folder);

/// A step that kills the process whenever it runs ends as step_crashed, and nobody else suffers.
violations run_poison(const config& c, const std::string& folder);
/// The same of a workflow's own code, which kills in what an event drives: it is stalled, and the
/// others end.
violations run_fatal_code(const config& c, const std::string& folder);

}  // namespace stet_crash
