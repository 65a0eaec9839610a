// The state that the handles of a completion share with their attempt.
#include "engine/bodies/completion.hpp"

#include <thread>

#include "one_step.hpp"

using namespace stet_tests;

namespace {

using handle = std::optional<stet::completion<int>>;

/// A step whose body leaves its handle to the test.
one_step pending_step_of(handle& kept) {
  return one_step::later<int>([&kept](stet::completion<int> c) { kept.emplace(std::move(c)); });
}
std::string error_of(const attempt& a) {
  try {
    if (a.outcome.error) std::rethrow_exception(a.outcome.error);
    return {};
  } catch (const std::exception& e) { return e.what(); }
}

}  // namespace

TEST_CASE("a step is pending when its body has returned, and ends once") {
  handle kept;
  auto s = pending_step_of(kept);
  CHECK(!s.a.is_pending());
  s.a.run();
  CHECK(s.a.is_pending());
  CHECK(s.p->bodies.inline_returned.empty());
  auto copy = *kept;
  CHECK(copy.resolve(7));
  CHECK(!kept->resolve(8));
  CHECK(!kept->reject(std::runtime_error("late")));
  CHECK(!s.a.is_pending());
  CHECK(s.a.outcome.result == bytes_of(7));
  CHECK(s.p->bodies.inline_returned.pop() == &s.a);
}

TEST_CASE("what is resolved while the body runs comes back with the body, once") {
  auto s = one_step::later<int>([](stet::completion<int> c) { c.resolve(7); });
  s.a.run();
  CHECK(s.a.at == attempt::phase::left);
  CHECK(s.a.outcome.result == bytes_of(7));
  CHECK(s.p->bodies.inline_returned.pop() == &s.a);
  CHECK(s.p->bodies.inline_returned.empty());
}

TEST_CASE("what a body throws ends its step, and says more than that it dropped its handle") {
  auto s = one_step::later<int>([](stet::completion<int>) { throw std::runtime_error("no"); });
  s.a.run();
  CHECK(error_of(s.a) == "no");
  CHECK(s.p->bodies.inline_returned.pop() == &s.a);
}

TEST_CASE("when the last handle goes and nobody has ended the step, it fails") {
  handle kept;
  auto s = pending_step_of(kept);
  s.a.run();
  auto copy = *kept;
  kept.reset();
  CHECK(s.a.is_pending());
  { auto last = std::move(copy); }
  CHECK(!s.a.is_pending());
  CHECK(error_of(s.a).find("dropped its completion") != std::string::npos);
  CHECK(s.p->bodies.inline_returned.pop() == &s.a);
}

TEST_CASE("a body that drops its handle at once fails when it returns") {
  auto s = one_step::later<int>([](stet::completion<int>) {});
  s.a.run();
  CHECK(error_of(s.a).find("dropped its completion") != std::string::npos);
  CHECK(s.p->bodies.inline_returned.pop() == &s.a);
}

TEST_CASE("whoever asked to be told of a stop is told once, also when the stop came before") {
  int told = 0;
  handle kept;
  auto s = pending_step_of(kept);
  s.a.run();
  kept->on_stop([&told] { ++told; });
  CHECK(told == 0);
  s.a.ask_to_stop();
  s.a.ask_to_stop();
  CHECK(told == 1);
  CHECK(kept->stop_requested());
  kept->on_stop([&told] { told += 10; });
  CHECK(told == 11);
  kept->on_stop([] { throw std::runtime_error("lost"); });
  CHECK(kept->resolve(1));
  kept->on_stop([&told] { told += 100; });  // the attempt is over
  CHECK(told == 11);
  (void)s.p->bodies.inline_returned.pop();
}

TEST_CASE("an attempt that is given up is the loop's if it was pending, and no handle ends it") {
  handle kept;
  auto s = pending_step_of(kept);
  CHECK(!s.a.later->is_pending());
  s.a.run();
  CHECK(s.a.later->give_up());
  CHECK(!s.a.later->give_up());
  CHECK(!kept->resolve(7));
  CHECK(s.p->bodies.inline_returned.empty());
  CHECK(s.a.at == attempt::phase::left);
}

TEST_CASE("a handle may outlive its attempt and its engine") {
  handle kept;
  {
    auto s = pending_step_of(kept);
    s.a.order.number = 3;
    s.a.run();
  }
  CHECK(!kept->resolve(7));
  CHECK(kept->attempt() == 3);
  kept->heartbeat(1);
  kept.reset();
}
