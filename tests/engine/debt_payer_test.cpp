// How debts are paid.
#include "engine/drive/debt_payer.hpp"

#include "families.hpp"

using namespace stet_tests;

namespace {

void owe_and_pay(parts& p, resident& r, debt d) {
  p->runs.debts.owe(r.state.run, std::move(d));
  p->drive.payer.pay(r);
}

}  // namespace

TEST_CASE("a run that was to end is ended, and one that was to be asked is asked") {
  parts p;
  auto a = p.start("a"), b = p.start("b");
  owe_and_pay(p, *a, {debt_kind::end, a->state.first, "why"});
  CHECK(a->state.status == stet::status::terminated);
  CHECK(p->runs.texts.outcome(a->state) == "why");
  owe_and_pay(p, *b, {debt_kind::cancel, b->state.first, "why"});
  CHECK(b->state.cancel_requested);
  CHECK(!p->runs.debts.has(a->state.run));
  CHECK(!p->runs.debts.has(b->state.run));
}

TEST_CASE("what is owed to another chain of the id, or to a run that has ended, is dropped") {
  parts p;
  auto a = p.start("a");
  owe_and_pay(p, *a, {debt_kind::end, a->state.first + 1, "why"});
  CHECK(a->state.open());
  p->drive.ending.terminate(*a, "first");
  owe_and_pay(p, *a, {debt_kind::end, a->state.first, "second"});
  CHECK(p->runs.texts.outcome(a->state) == "first");
}

TEST_CASE("a look finds that a child has ended meanwhile") {
  family f;
  auto parent = f.parent->state.run;
  f.parent = {};
  auto whole = f.p.damage(parent);
  f.p->drive.ending.terminate(*f.child, "why");
  REQUIRE(f.p->runs.debts.has(parent));
  f.p.write(keys::snapshot(parent), whole);
  auto r = f.p->runs.table.load(parent);
  f.p->drive.payer.pay(*r);
  CHECK(f.p.count(*r, record_kind::child_failed) == 1);
  CHECK(!f.p->runs.debts.has(parent));
}

TEST_CASE("a look at a child that is open brings nothing, and one that was erased fails") {
  family f;
  owe_and_pay(f.p, *f.parent, {});
  CHECK(f.parent->state.undriven == 0);
  auto child = f.child->state.run;
  f.p->drive.entry.forget_run(*f.child);  // as if it had been erased
  f.child = {};
  REQUIRE(!f.p->runs.table.exists(child));
  owe_and_pay(f.p, *f.parent, {});
  CHECK(f.p.count(*f.parent, record_kind::child_failed) == 1);
}

TEST_CASE("what can't be read now stays owed") {
  family f;
  auto child = f.child->state.run;
  f.child = {};
  f.p.damage(child);
  owe_and_pay(f.p, *f.parent, {});
  CHECK(f.p->runs.debts.has(f.parent->state.run));
  CHECK(f.p.heard.heard("may wait for something that is over"));
}
