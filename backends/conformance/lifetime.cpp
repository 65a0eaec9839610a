// Opening and closing a store, and what errors carry.
#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

void check_reopen(trial& t) {
  auto s = t.open_fresh();
  batch_of().put("a", "1").put("b", "2").commit_to(*s);
  batch_of().erase("a").put("c", "3").commit_to(*s, durability::process);
  s->close();
  s = t.open();
  t.same("a scan after close() and opening anew", {{"b", "2"}, {"c", "3"}}, scanned(*s));
  put(*s, "d", "4");
  s.reset();  // a destructor closes too
  s = t.open();
  t.same("a scan after the destructor and opening anew", {{"b", "2"}, {"c", "3"}, {"d", "4"}},
         scanned(*s));
}

void check_closed(trial& t) {
  auto s = t.open_fresh();
  put(*s, "a", "1");
  s->close();
  s->close();
  t.fails("get after close()", errc::store, [&] { (void)s->get("a"); });
  t.fails("scan after close()", errc::store, [&] { (void)scanned(*s); });
  t.refuses("commit after close()", errc::store, [&] { put(*s, "b", "2"); });
  s->close();
  t.holds("info() still knows the scheme after close()", !s->info().scheme.empty());
  auto again = t.open();  // while the closed object still exists
  t.same("a scan after opening anew", {{"a", "1"}}, scanned(*again));
}

void check_one_owner(trial& t) {
  auto s = t.open_fresh();
  if (s->info().shared) throw clause_skipped{"info().shared: several may own it"};
  put(*s, "a", "1");
  t.fails("opening what is open", errc::conflict, [&] { (void)t.where().open(); });
  t.fails("opening it a third time", errc::conflict, [&] { (void)t.where().open(); });
  put(*s, "b", "2");
  s->close();
  s = t.open();
  t.same("a scan after the owner went on and closed", {{"a", "1"}, {"b", "2"}}, scanned(*s));
}

void check_errors(trial& t) {
  auto s = t.open_fresh();
  const auto check = [&](const std::string& call, const std::optional<store_error>& e) {
    if (!t.holds(call + " with an empty key throws", e.has_value())) return;
    t.holds("the error of " + call + " names the operation", !e->operation().empty());
    t.same("path() of the error of " + call, s->info().path, e->path());
  };
  check("get", error_of([&] { (void)s->get(""); }));
  check("commit", error_of([&] { put(*s, "", "v"); }));
  s->close();
  check("get after close()", error_of([&] { (void)s->get("k"); }));
}

constexpr clause kClauses[] = {
    {"close: what was committed is there when the store is opened again", check_reopen},
    {"close: is idempotent, and every other call throws errc::store afterwards", check_closed},
    {"store_error: a store that is in use is errc::conflict, and its owner isn't disturbed",
     check_one_owner},
    {"store_error: carries the operation and the path", check_errors},
};

}  // namespace

std::span<const clause> lifetime_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
