// Calls that wait until their answer is durable.
#include "engine/commit/answers.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

std::exception_ptr no_room() {
  return std::make_exception_ptr(stet::error(stet::errc::full, "engine", "no room"));
}

/// Two runs. Each has one record that isn't durable.
struct fixture {
  fixture() : a(p.start("a")), b(p.start("b")) {}
  parts p;
  run_lease a, b;
  answers& waiting = p->commit.answers;
};

}  // namespace

TEST_CASE("an answer waits for just the record on which it depends") {
  fixture f;
  noted_call first, second, of_nothing;
  f.waiting.give(of_nothing, no_lsn, nullptr);
  CHECK(of_nothing.is_done());
  f.waiting.give(first, f.a->last_lsn, nullptr);
  f.waiting.give(second, f.b->last_lsn, nullptr);
  f.waiting.release();
  CHECK(!first.is_done());
  CHECK(!f.waiting.empty());
  (void)f.p->commit.commit();
  CHECK(first.is_done());
  CHECK(second.is_done());
  CHECK(f.waiting.empty());
}

TEST_CASE("an answer that depends on what was never recorded is a mistake of Stet's") {
  fixture f;
  noted_call c;
  CHECK_THROWS_AS(f.waiting.give(c, f.b->last_lsn + 1, nullptr), broken_invariant);
}

TEST_CASE("while the store refuses to write, only what is durable is answered well") {
  fixture f;
  noted_call durable, refused;
  f.waiting.give(durable, no_lsn, no_room());
  f.waiting.give(refused, f.a->last_lsn, no_room());
  CHECK(durable.error().empty());
  CHECK(refused.error() == "no room");
  CHECK(f.waiting.empty());
}

TEST_CASE("a refused block fails those who wait, but those who only look ask again") {
  fixture f;
  noted_call waits, looks;
  looks.only_looks = true;
  f.waiting.give(waits, f.a->last_lsn, nullptr);
  f.waiting.give(looks, f.a->last_lsn, nullptr);
  f.waiting.refuse(no_room(), f.b->last_lsn, false, f.p->inbox);
  CHECK(waits.error() == "no room");
  CHECK(!looks.is_done());
  CHECK(f.p->inbox.take());
  CHECK(f.p->inbox.next() == &looks);
  CHECK(f.waiting.empty());
  looks.done();
}

TEST_CASE("what comes behind a refused block goes along with it, if it makes room") {
  fixture f;
  noted_call in_block, behind;
  f.waiting.give(in_block, f.a->last_lsn, nullptr);
  f.waiting.give(behind, f.b->last_lsn, nullptr);
  f.waiting.refuse(no_room(), f.a->last_lsn, true, f.p->inbox);
  CHECK(in_block.is_done());
  CHECK(!behind.is_done());
  CHECK(!f.waiting.empty());
  f.waiting.clear();
}

TEST_CASE("a call that is forgotten is answered by nobody, wherever it waits") {
  fixture f;
  outcome_call c({f.a->state.run.value(), "default", "a"});
  f.waiting.give(c, f.a->last_lsn, nullptr);
  f.a->waiting_calls.push_back(&c);
  f.waiting.forget(c);
  CHECK(f.waiting.empty());
  CHECK(f.a->waiting_calls.empty());
  (void)f.p->commit.commit();
  CHECK(!c.is_done());
}
