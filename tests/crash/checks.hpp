// The invariants of docs/scenarios.md, over what stores and facts say. Each check appends the
// violations it finds.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "crash/dump.hpp"
#include "crash/facts.hpp"
#include "crash/scripts.hpp"

namespace stet_crash {

using violations = std::vector<std::string>;

/// What holds of a store at every moment. I2, I6, I9, I10, I11, I12.
void check_state(const dump& d, const script& s, violations& v);
/// What was acknowledged is there. I1.
void check_acknowledged(const dump& d, const std::vector<fact>& facts, violations& v);
/// Histories only grow. I3, I9.
void check_growth(const dump& before, const dump& after, violations& v);
/// Effects up to now: known, in order, not too many. I4; attempts and keys; at_most_once;
/// promise 2.
void check_effects(const dump& d, const std::vector<fact>& facts, unsigned crashes, violations& v);
/// What stood after life `life` had no effect in a later one. I5.
void check_settled(const dump& d, int life, const std::vector<fact>& facts, violations& v);
/// Every prefix of every history replays to the same commands. I13.
void check_replay(const dump& d, violations& v);
/// After a clean close: everything in snapshots, indexes as they must be. I10, I11.
void check_clean(const dump& d, violations& v);
/// Whoever has ended owes nothing: children that it started are there, messages were sent, and what
/// it hadn't seen has gone over to the run that continues it. I8, I12.
void check_dues(const dump& d, violations& v);
/// When nothing is under way: children of who has ended, or gave them up, don't go on as if nothing
/// had happened. I12.
void check_orphans(const dump& d, violations& v);
/// The latest run of the chain that began with `first`; null if none is left.
const stored_run* last_of_chain(const dump& d, stet::detail::run_number first);
/// Every run ended as the script says. I18.
void check_endings(const dump& d, const script& s, violations& v);

}  // namespace stet_crash
