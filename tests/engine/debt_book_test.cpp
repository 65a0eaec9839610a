// Debts to runs that can't be read.
#include "engine/runs/debt_book.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

const run_number seven(7);

debts in_store(parts& p, run_number run) {
  while (p->commit.commit()) {}
  return read_debts(p->services.store, [](const std::string&) {})[run];
}

}  // namespace

TEST_CASE("what is owed is in the store with the next commit, each debt once, in its order") {
  parts p;
  auto& book = p->runs.debts;
  debt end{debt_kind::end, seven, "why"}, look;
  CHECK(!book.has(seven));
  book.owe(seven, end);
  book.owe(seven, look);
  book.owe(seven, end);
  CHECK(book.has(seven));
  CHECK(in_store(p, seven) == debts{end, look});
}

TEST_CASE("a run that has taken what it is owed is owed nothing any more") {
  parts p;
  auto& book = p->runs.debts;
  debt cancel{debt_kind::cancel, seven, "why"};
  CHECK(book.take(seven).empty());
  CHECK(!p->journal.has_something());  // nothing is written
  book.owe(seven, cancel);
  (void)in_store(p, seven);
  CHECK(book.take(seven) == debts{cancel});
  CHECK(!book.has(seven));
  CHECK(book.take(seven).empty());
  CHECK(in_store(p, seven).empty());
}

TEST_CASE("a look is owed only to a run that is there") {
  parts p;
  auto& book = p->runs.debts;
  book.owe_a_look(run_number(77));
  CHECK(!book.has(run_number(77)));
  auto run = p.start("a")->state.run;
  p.damage(run);
  book.owe_a_look(run);
  CHECK(book.has(run));
  book.forget(run);
  CHECK(!book.has(run));
}
