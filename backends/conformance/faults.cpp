// Commits that fail: nothing was written, or the outcome is unknown; there is no case in between.
#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

constexpr int kFailures = 6;

const pairs kBefore{{"a", "1"}, {"b", "2"}};
const pairs kAfter{{"b", "3"}, {"c", "4"}, {"d", std::string(50, 'd')}};

batch changes() {
  batch b;
  b.put("c", "4");
  b.put("b", "3");
  b.erase("a");
  b.put("d", std::string(50, 'd'));
  return b;
}

void check_refused(trial& t, store& s) {
  t.same("a scan after a commit that was refused", kBefore, scanned(s));
  s.commit(changes(), durability::sync);
  t.same("a scan after the same batch was committed again", kAfter, scanned(s));
}

void check_unknown(trial& t, store& s) {
  t.fails("get after a commit of unknown outcome", errc::store, [&] { (void)s.get("b"); });
  t.fails("scan after one", errc::store, [&] { (void)scanned(s); });
  t.fails("commit after one", errc::store, [&] { put(s, "e", "5"); });
}

/// Called when a commit of changes() has failed in a store that holds kBefore; the store is open.
using check_failed = void (*)(trial& t, store& s);

/// Lets commits fail until some have ended with `outcome`, and checks those. Another clause checks
/// the commits that ended otherwise.
void check_failures(trial& t, commit_outcome outcome, check_failed check) {
  if (!t.where().fail_next_commit) throw clause_skipped{"the target has no fail_next_commit"};
  int checked = 0;
  for (int i = 0; i < kFailures; ++i) {
    auto s = t.open_fresh();
    batch_of().put("a", "1").put("b", "2").commit_to(*s);
    t.where().fail_next_commit();
    const auto e = error_of([&] { s->commit(changes(), durability::sync); });
    if (!t.holds("the commit after fail_next_commit throws", e.has_value())) continue;
    if (e->outcome() != outcome) continue;
    ++checked;
    check(t, *s);
    const bool is_whole = outcome == commit_outcome::refused;  // it was committed again
    s->close();
    s = t.open();
    const pairs found = scanned(*s);
    if (is_whole || found != kBefore) t.same("a scan after opening anew", kAfter, found);
    put(*s, "e", "5");
    t.same("get after another commit", "5", s->get("e"));
  }
  if (checked == 0) throw clause_skipped{"fail_next_commit made no commit end so"};
}

constexpr clause kClauses[] = {
    {"commit_outcome: refused means that nothing was written, and the batch may be tried again",
     [](trial& t) { check_failures(t, commit_outcome::refused, check_refused); }},
    {"commit_outcome: after unknown every call throws, until the store is opened anew and has all "
     "of the batch or nothing",
     [](trial& t) { check_failures(t, commit_outcome::unknown, check_unknown); }},
};

}  // namespace

std::span<const clause> fault_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
