// A call from outside.
#include "engine/door/call.hpp"

#include <thread>

#include "parts.hpp"

using namespace stet_tests;

TEST_CASE("a caller goes on when its call is done, and gets its error") {
  noted_call well, failed;
  CHECK(!well.is_done());
  CHECK(!well.wait_for(stet::duration(0)));
  std::thread([&] { well.done(); }).join();
  CHECK(well.wait_for(stet::duration(0)));
  well.wait();
  CHECK(well.error().empty());
  failed.fails(std::make_exception_ptr(std::runtime_error("before")));
  CHECK(!failed.is_done());
  failed.done();
  CHECK(failed.error() == "before");
}

TEST_CASE("the error that a call is done with stands") {
  noted_call c;
  c.fails(std::make_exception_ptr(std::runtime_error("before")));
  c.done(std::make_exception_ptr(std::runtime_error("at last")));
  CHECK(c.error() == "at last");
}

TEST_CASE("a call leaves its chain when it is done, wherever it stands there") {
  noted_call a, b, c;
  call* all = nullptr;
  c.join(all);
  b.join(all);
  a.join(all);
  CHECK(all == &a);
  CHECK(a.next() == &b);
  b.done();
  CHECK(a.next() == &c);
  a.leave();
  CHECK(all == &c);
  a.leave();  // leaving once more does no harm
  CHECK(all == &c);
  c.done();
  CHECK(all == nullptr);
}

TEST_CASE("a call that is a function gives its value and the LSN on which it depends") {
  parts p;
  auto seven = [] { return answer<int>{7, record_lsn(3)}; };
  function_call<decltype(seven)> c(seven);
  CHECK(c.perform(p.calls) == record_lsn(3));
  CHECK(c.take() == 7);
  auto nothing = [] { return answer<void>{record_lsn(5)}; };
  function_call<decltype(nothing)> v(nothing);
  CHECK(v.perform(p.calls) == record_lsn(5));
  v.take();
  v.fails(std::make_exception_ptr(std::runtime_error("no")));
  CHECK_THROWS_AS(v.take(), std::runtime_error);
}

TEST_CASE("whoever waits for a run needs no room in the store") {
  outcome_call c({1, "default", "a"});
  CHECK(!c.needs_room);
  CHECK(c.waits_for_run);
  CHECK(!c.only_looks);
}
