// What is owed to runs that can't be read.
#include "engine/runs/debt_book.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

debts in_store(parts& p, std::uint64_t run) {
  while (p->commit.commit()) {}
  return read_debts(p->shared.store, [](const std::string&) {})[run];
}

}  // namespace

TEST_CASE("what is owed is in the store with the next commit, each debt once, in its order") {
  parts p;
  auto& book = p->runs.debts;
  debt end{debt_kind::end, 7, "why"}, look;
  CHECK(!book.has(7));
  book.owe(7, end);
  book.owe(7, look);
  book.owe(7, end);
  CHECK(book.has(7));
  CHECK(in_store(p, 7) == debts{end, look});
}

TEST_CASE("a run that has taken what it is owed is owed nothing any more") {
  parts p;
  auto& book = p->runs.debts;
  debt cancel{debt_kind::cancel, 7, "why"};
  CHECK(book.take(7).empty());
  CHECK(!p->log.has_something());  // nothing is written for that
  book.owe(7, cancel);
  (void)in_store(p, 7);
  CHECK(book.take(7) == debts{cancel});
  CHECK(!book.has(7));
  CHECK(book.take(7).empty());
  CHECK(in_store(p, 7).empty());
}

TEST_CASE("a look is owed only to a run that is there") {
  parts p;
  auto& book = p->runs.debts;
  book.owe_a_look(77);
  CHECK(!book.has(77));
  auto run = p.start("a")->state.run;
  p.damage(run);
  book.owe_a_look(run);
  CHECK(book.has(run));
  book.forget(run);
  CHECK(!book.has(run));
}
