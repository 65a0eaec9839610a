// The threads on which bodies run: the engine's or the host's.
#include "engine/bodies/body_threads.hpp"

#include <functional>
#include <future>
#include <thread>

#include "parts.hpp"

using namespace stet_tests;

namespace {

/// An executor of the host that only takes notes.
struct hosts_executor final : stet::executor {
  void submit(stet::work* first) noexcept override { submitted = first; }
  stet::work* stop() noexcept override {
    ++stops;
    return std::exchange(submitted, nullptr);
  }
  stet::work* submitted = nullptr;
  int stops = 0;
};
struct job final : ranked_work {
  explicit job(std::function<void()> f = [] {}) : what(std::move(f)) {}
  void run() noexcept override { what(); }
  stet::step_attempt about() const noexcept override { return {}; }
  void count_time() noexcept override {}
  std::function<void()> what;
};

}  // namespace

TEST_CASE("in manual mode there are no threads, and bodies run on the loop's") {
  parts p;
  auto& w = p->bodies.threads;
  w.start();
  CHECK(!w.exist());
  CHECK(w.stop(false) == nullptr);
  CHECK(w.lend());
  w.give_back();
}

TEST_CASE("the host's executor is used, and is stopped once") {
  hosts_executor own;
  job a;
  services s(stet::memory::open(), {.executor = &own});
  body_threads w(s);
  w.start();
  CHECK(w.exist());
  w.submit(&a);
  CHECK(own.submitted == &a);
  CHECK(w.stop(false) == &a);
  CHECK(!w.exist());
  CHECK(w.stop(false) == nullptr);
  CHECK(own.stops == 1);
}

TEST_CASE("bodies are counted where threads may be too few, and on the engine's own they aren't") {
  hosts_executor own;
  services hosts(stet::memory::open(), {.executor = &own});
  body_threads theirs(hosts);
  theirs.start();
  CHECK(theirs.may_starve());
  (void)theirs.stop(false);
  services engines(stet::memory::open(), {.threads = 1});
  body_threads ours(engines);
  ours.start();
  CHECK(!ours.may_starve());
  (void)ours.stop(false);
}

TEST_CASE("threads of the host can't be left: it isn't asked for what waits there") {
  hosts_executor own;
  services s(stet::memory::open(), {.executor = &own});
  body_threads w(s);
  w.outstanding = 3;
  CHECK(w.stop(true) == nullptr);
  CHECK(own.stops == 0);
  CHECK(w.outstanding == 0);
}

TEST_CASE("bodies starve when all that have begun wait for runs, and others for a thread") {
  parts p;
  auto& w = p->bodies.threads;
  w.running = 2;
  w.outstanding = 3;
  CHECK(!w.starve());
  w.waiting = 1;
  CHECK(!w.starve());
  w.waiting = 2;
  CHECK(w.starve());
  w.outstanding = 2;  // none of them needs a thread
  CHECK(!w.starve());
}

TEST_CASE("bodies that starve are told of after a second, once") {
  parts p;
  auto& w = p->bodies.threads;
  w.running = w.waiting = 1;
  w.outstanding = 2;
  auto look_after = [&](int ms) {
    p.clock.advance(stet::duration(ms));
    w.watch(p->time.clock);
    return p.heard.problems().size();
  };
  CHECK(look_after(0) == 0);
  CHECK(look_after(999) == 0);
  w.waiting = 0;  // one goes on
  CHECK(look_after(1) == 0);
  w.waiting = 1;
  CHECK(look_after(5000) == 0);  // the wait begins again
  CHECK(look_after(1000) == 1);
  CHECK(look_after(5000) == 1);
  CHECK(p.heard.heard("wait for a thread of the executor"));
}

TEST_CASE(
    "as many waiting bodies as threads are told of once, where the threads are the engine's") {
  stet::testing::recorder heard;
  services s(stet::memory::open(), {.threads = 2, .listener = &heard});
  body_threads w(s);
  w.tell_of_waiting(2);  // no threads exist yet
  CHECK(heard.problems().empty());
  w.start();
  w.tell_of_waiting(1);
  CHECK(heard.problems().empty());
  w.tell_of_waiting(2);
  w.tell_of_waiting(3);
  CHECK(heard.problems().size() == 1);
  CHECK(w.stop(false) == nullptr);
}

TEST_CASE("that all threads are busy while work waits is told once") {
  std::promise<void> woken, opened;
  job busy([door = opened.get_future().share()] { door.wait(); });
  job waits;
  services s(stet::memory::open(), {.threads = 1});
  body_threads w(s, [&woken] { woken.set_value(); });  // a second call would throw
  w.start();
  CHECK(!w.take_full());
  w.submit(&busy);
  w.submit(&waits);
  REQUIRE(woken.get_future().wait_for(std::chrono::minutes(2)) == std::future_status::ready);
  CHECK(w.take_full());
  CHECK(!w.take_full());
  opened.set_value();
  (void)w.stop(false);
}
