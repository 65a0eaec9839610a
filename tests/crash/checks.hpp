// Checks the invariants of docs/scenarios.md against stores and facts. Each check appends the
// violations that it finds.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "crash/dump.hpp"
#include "crash/facts.hpp"
#include "crash/scripts.hpp"

namespace stet_crash {

using violations = std::vector<std::string>;

/// Invariants of a store at every moment. I2, I6, I9, I10, I11, I12.
void check_state(const dump& d, const script& s, violations& v);
/// Everything acknowledged is in the store. I1.
void check_acknowledged(const dump& d, const std::vector<fact>& facts, violations& v);
/// Histories only grow. I3, I9.
void check_growth(const dump& before, const dump& after, violations& v);
/// All effects so far are known, in order, and not too many. I4; attempts and keys; at_most_once;
/// promise 2.
void check_effects(const dump& d, const std::vector<fact>& facts, unsigned crashes, violations& v);
/// A step that was settled after life `life` had no effect in a later life. I5.
void check_settled(const dump& d, int life, const std::vector<fact>& facts, violations& v);
/// Every prefix of every history replays to the same commands. I13.
void check_replay(const dump& d, violations& v);
/// After a clean close everything is in snapshots, and the indexes agree with them. I10, I11.
void check_clean(const dump& d, violations& v);
/// A run that has ended owes nothing: its children were begun, its messages were sent, and events
/// that it hadn't seen went to the run that continues it. I8, I12.
void check_dues(const dump& d, violations& v);
/// To be called when nothing is under way: a child whose parent has ended or given it up doesn't go
/// on as if nothing had happened. I12.
void check_orphans(const dump& d, violations& v);
/// The latest run of the chain that began with `first`; null if the store has none of its runs.
const stored_run* last_of_chain(const dump& d, stet::detail::run_number first);
/// Every run ended as the script says. I18.
void check_endings(const dump& d, const script& s, violations& v);

}  // namespace stet_crash
