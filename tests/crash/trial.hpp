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
  unsigned at = 0;      // the failpoint that kills; 0 means none
  unsigned second = 0;  // the failpoint that kills the next life; 0 means none
  bool again = false;   // one more life at the end, in which nothing may happen any more

  std::string flags() const;  // the arguments that repeat this trial
};

struct trial_result {
  violations violated;
  std::vector<std::string> points;  // where it was killed: "after body 3"
  unsigned hits = 0;                // failpoints of the first life, if it went through
  std::vector<fact> facts;
};

/// Empties `folder` and uses it.
trial_result run_trial(const trial& t, const std::string& folder);

/// A step that kills the process whenever it runs must end as step_crashed; all other runs must be
/// unharmed.
violations run_poison(const config& c, const std::string& folder);
/// The same for a workflow's own code that kills the process in a drive by an event: its run must
/// be stalled, and the others must end.
violations run_fatal_code(const config& c, const std::string& folder);

}  // namespace stet_crash
