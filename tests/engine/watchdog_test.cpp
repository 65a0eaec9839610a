// The watchdog over workflows whose code doesn't return.
#include "engine/services/watchdog.hpp"

#include <doctest/doctest.h>

#include <stet/test_doubles.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

using namespace stet::detail;
using namespace std::chrono_literals;

namespace {

struct fixture {
  explicit fixture(stet::duration limit) : dog(reports, clock, limit) {}
  void work(stet::duration d) {
    dog.enter("pay", "order-1");
    clock.advance(d);
    dog.leave(command_number(3), {"pay.cpp", 12});
  }
  stet::testing::virtual_clock clock;
  stet::testing::recorder heard;
  reporter reports{heard};
  watchdog dog;
};

}  // namespace

TEST_CASE("without a thread, code that took too long is named afterwards, with where it was") {
  fixture f(100ms);
  f.work(99ms);
  CHECK(f.heard.problems().empty());
  f.work(100ms);
  CHECK(f.heard.heard("workflow 'pay', run 'order-1'"));
  CHECK(f.heard.heard("100 ms"));
  CHECK(f.heard.heard("after command 3 (pay.cpp:12)"));
  CHECK(f.heard.problems().size() == 1);
}

TEST_CASE("without a limit nobody is named") {
  fixture f(0ms);
  f.work(24h);
  CHECK(f.heard.problems().empty());
}

TEST_CASE("a watchdog that has begun ends, and ends once") {
  fixture f(24h);
  f.dog.start();
  f.work(1ms);
  f.dog.stop();
  f.dog.stop();
  CHECK(f.heard.problems().empty());
}

TEST_CASE("code that doesn't come back is named by the thread, and again when it goes on") {
  fixture f(4ms);
  f.dog.start();
  const std::string id(100, 'i');
  f.dog.enter("pay", id);
  while (!f.heard.heard("has kept the engine for more than 4 ms")) std::this_thread::sleep_for(1ms);
  CHECK(f.heard.heard("workflow 'pay', run '" + id + "'"));
  CHECK(!f.heard.heard("goes on, after"));
  f.dog.leave(command_number(3), {"pay.cpp", 12});
  CHECK(f.heard.heard("run '" + id + "', goes on, after command 3 (pay.cpp:12)"));
}

TEST_CASE("the names of code that comes back while it is being reported are still read whole") {
  fixture f(1ms);
  f.dog.start();
  const auto end = std::chrono::steady_clock::now() + 300ms;
  for (int n = 0; std::chrono::steady_clock::now() < end; ++n) {
    // Gone when the code has come back: ASan would see a late look.
    auto workflow = std::make_unique<std::string>(50, static_cast<char>('a' + n % 26));
    auto id = std::make_unique<std::string>(*workflow);
    f.dog.enter(*workflow, *id);
    if (n % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(1000 + n % 100 * 10));
    f.dog.leave(command_number(1), {"x.cpp", 1});
  }
  f.dog.stop();
  for (auto& text : f.heard.problems()) {
    const auto first = text.find('\'') + 1;
    const std::string name(50, text.at(first));
    CHECK(text.find("workflow '" + name + "', run '" + name + "', ") == 0);
  }
}
