// Attempts that have come back.
#include "engine/advance/returns.hpp"

#include "stepping.hpp"

using namespace stet_tests;

namespace {

/// An attempt that has begun. The test says how it comes back.
struct fixture : stepping {
  explicit fixture(stet::task<int> (*body)(stet::context&) = &one_plain_step) : stepping(body) {
    p->bodies.gate.clear();
    a().at = attempt::phase::left;
  }
  bool comes_back() {
    p->bodies.inline_returned.push(a());
    return p->advance.returns.take();
  }
  template <class E> void throws(const E& e, bool was_stopped = false) {
    a().outcome.error = std::make_exception_ptr(e);
    a().outcome.threw = true;
    a().outcome.was_stopped = was_stopped;
  }
};

bool never_again(const std::exception&) { return false; }
bool throws_itself(const std::exception&) { throw std::runtime_error("lost"); }

}  // namespace

TEST_CASE("a result is what its step came to, and drives the run") {
  fixture f;
  CHECK(!f.p->advance.returns.take());
  f.a().outcome.result = bytes_of(1);
  CHECK(f.comes_back());
  CHECK(f.r->attempts.empty());
  CHECK(f.r->state.status == stet::status::completed);
  CHECK(!f.p->advance.returns.take());
}

TEST_CASE("a failure is followed by another attempt, unless that wouldn't help") {
  fixture f;
  bool again = false;
  SUBCASE("it may help") {
    f.throws(std::runtime_error("no"));
    again = true;
  }
  SUBCASE("the body says that it doesn't") { f.throws(stet::permanent_error("no")); }
  SUBCASE("the policy says that it doesn't") {
    f.a().body->options.retry.retryable = &never_again;
    f.throws(std::runtime_error("no"));
  }
  SUBCASE("the policy doesn't know") {
    f.a().body->options.retry.retryable = &throws_itself;
    f.throws(std::runtime_error("no"));
  }
  CHECK(f.comes_back());
  CHECK(f.r->state.open() == again);
  if (again) CHECK(f.step().at == pending::phase::retrying);
}

TEST_CASE("an attempt that counts no more says nothing") {
  fixture f;
  f.a().outcome.result = bytes_of(1);
  f.p->desk.leave_behind(f.a());
  auto records = f.r->state.records;
  CHECK(f.comes_back());
  CHECK(f.r->state.records == records);
  CHECK(f.r->attempts.empty());
}

TEST_CASE("what never began is noted as that") {
  fixture f;
  f.a().at = attempt::phase::revoked;
  CHECK(f.comes_back());
  CHECK(f.step().at == pending::phase::not_started);
}

TEST_CASE("what was asked to stop and failed has not failed: it was cut short") {
  fixture f;
  auto left_as = pending::phase::waiting;  // as a crash leaves it
  SUBCASE("it says nothing about that") { f.throws(std::runtime_error("no"), true); }
  SUBCASE("it says that it may be made again") {
    f.throws(stet::stopped(), true);
    left_as = pending::phase::not_started;
  }
  CHECK(f.comes_back());
  CHECK(f.step().failures == 0);
  CHECK(f.step().at == left_as);
}

TEST_CASE("a result that came after its time is none") {
  fixture f;
  f.a().body->options.timeout = stet::duration(500);
  f.a().began = f.p.clock.steady().count();
  f.a().outcome.ended = f.a().began + 501;
  f.a().outcome.result = bytes_of(1);
  CHECK(f.comes_back());
  CHECK(f.step().at == pending::phase::retrying);
}

TEST_CASE("a suspect that comes back is suspected no longer, if it ran") {
  for (bool ran : {true, false}) {
    fixture f;
    step_key key{f.r->state.run, 1};
    f.p->runs.suspects.add(key, trial::alone);
    f.a().order.tried = trial::alone;
    f.a().outcome.result = bytes_of(1);
    if (!ran) f.a().at = attempt::phase::revoked;
    CHECK(f.comes_back());
    CHECK((f.p->runs.suspects.of(key) == trial::none) == ran);
  }
}

TEST_CASE("a run that was to be resumed is, when the body has returned that refers to its frame") {
  fixture f(&one_capturing_step);
  f.a().ticket.submitted = true;
  f.p->drive.staller.stall(*f.r, "why");
  f.p->drive.staller.resume(*f.r);
  REQUIRE(f.r->resumes_later);
  f.a().outcome.result = bytes_of(1);
  CHECK(f.comes_back());
  CHECK(!f.r->resumes_later);
  CHECK(!f.r->state.stalled);
}
