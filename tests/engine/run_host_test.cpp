// The part of an engine that coroutines need.
#include "engine/steps/run_host.hpp"

#include <vector>

#include "stepping.hpp"

using namespace stet_tests;

namespace {

stet::task<int> many_steps(stet::context&, int n) {
  std::vector<int> numbers(static_cast<std::size_t>(n));
  (void)co_await stet::map(
      numbers, [](stet::context& c, int& i) { return c.step("s", [](int x) { return x; }, i); });
  co_return n;
}

/// How many attempts are looked at while each of `n` pending steps is given up.
std::uint64_t looks_to_give_up(int n) {
  parts p;
  p.define("many", &many_steps);
  auto r = p.start("a", "many", n);
  REQUIRE(p->drive.frames.ensure_frame(*r));
  p->drive.driver.drive_what_is_there(*r);
  REQUIRE(r->attempts.size() == static_cast<std::size_t>(n));
  for (int i = 1; i <= n; ++i)
    CHECK(!p->drive.host.stop_body(r->state.run, command_number(static_cast<std::uint32_t>(i))));
  for (auto* a : r->attempts) CHECK(a->at == attempt::phase::revoked);
  return r->attempts_looked_at;
}

}  // namespace

TEST_CASE("a step that is given up costs the same among many steps as among few") {
  CHECK(looks_to_give_up(1000) <= 12 * looks_to_give_up(100));
}

TEST_CASE("a step that is given up before it began is revoked, and nobody waits for it") {
  stepping s(&one_capturing_step);
  CHECK(!s.p->drive.host.stop_body(s.r->state.run, command_number(2)));
  CHECK(s.a().at == attempt::phase::waiting);  // it belongs to another step
  CHECK(!s.p->drive.host.stop_body(s.r->state.run, command_number(1)));
  CHECK(s.a().at == attempt::phase::revoked);
}

TEST_CASE("a body that runs is asked to stop, and waited for if it refers to the frame") {
  for (bool captures : {true, false}) {
    stepping s(captures ? &one_capturing_step : &one_plain_step);
    s.a().at = attempt::phase::running;
    CHECK(s.p->drive.host.stop_body(s.r->state.run, command_number(1)) == captures);
    CHECK(s.a().stop);
    CHECK(s.a().ticket.left_behind == !captures);
    s.a().at = attempt::phase::left;
  }
}

TEST_CASE("what a body refers to isn't destroyed before it has returned") {
  stepping s(&one_capturing_step);
  s.a().at = attempt::phase::running;
  std::thread body([&] {
    while (!s.a().stop) std::this_thread::yield();
    s.a().at = attempt::phase::left;
  });
  s.p->drive.host.await_body(s.r->state.run, command_number(1));
  CHECK(s.a().at == attempt::phase::left);
  CHECK(s.a().ticket.left_behind);
  body.join();
}

TEST_CASE("it is told how late a drive is, and never that it is early") {
  parts p;
  auto& host = p->drive.host;
  host.driven_at = p->time.now() - 5;
  CHECK(host.late_by() == 5);
  p.clock.advance(stet::duration(2));
  CHECK(host.late_by() == 7);
  host.driven_at = p->time.now() + 100;
  CHECK(host.late_by() == 0);
}

TEST_CASE("a child's number is no other run's, and what a run logs reaches the listener") {
  parts p;
  auto& host = p->drive.host;
  auto number = host.new_run_number();
  CHECK(host.new_run_number() == number + 1);
  CHECK(p.start("a")->state.run == number + 2);
  host.log("a", "said");
  CHECK(p.heard.logs() == std::vector<std::string>{"a: said"});
}
