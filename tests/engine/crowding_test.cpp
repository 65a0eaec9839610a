// All threads for bodies are busy while steps wait.
#include "engine/steps/crowding.hpp"

#include <future>
#include <thread>

#include "stepping.hpp"

using namespace stet_tests;

namespace {

struct job final : ranked_work {
  explicit job(std::function<void()> f) : what(std::move(f)) {}
  void run() noexcept override { what(); }
  stet::step_attempt about() const noexcept override { return {}; }
  void count_time() noexcept override {}
  std::function<void()> what;
};

}  // namespace

TEST_CASE("a pool that isn't full is no news") {
  stepping s;
  s.p->crowding.look();
  CHECK(s.p.heard.problems().empty());
}

TEST_CASE("a full pool is reported with the step that occupies it, and not again at once") {
  stepping s(&one_plain_step, {.threads = 1});
  auto& threads = s.p->bodies.threads;
  threads.start();
  std::promise<void> opened;
  job busy([door = opened.get_future().share()] { door.wait(); });
  job waits([] {});
  threads.submit(&busy);
  threads.submit(&waits);
  auto fill = [&] {
    auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!threads.is_full() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  };
  fill();
  s.p->crowding.look();  // by now no attempt of a run is under way
  CHECK(s.p.heard.problems().empty());
  opened.set_value();

  std::promise<void> opened_again;
  job more([door = opened_again.get_future().share()] { door.wait(); });
  job waits_too([] {});
  threads.submit(&more);
  threads.submit(&waits_too);
  fill();
  s.a().at = attempt::phase::running;
  s.p->crowding.look();
  s.p->crowding.look();
  CHECK(s.p.heard.problems().size() == 1);
  CHECK(s.p.heard.heard("1 steps wait for one"));
  CHECK(s.p.heard.heard("'s'"));
  CHECK(s.p.heard.heard("'a'"));
  opened_again.set_value();
  (void)threads.stop(false);
  s.a().at = attempt::phase::waiting;
}
