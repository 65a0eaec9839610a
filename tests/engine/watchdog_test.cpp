// The watchdog over workflows whose code doesn't return.
#include "engine/services/watchdog.hpp"

#include <doctest/doctest.h>

#include <stet/test_doubles.hpp>

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

TEST_CASE("a name is shown whole, or its beginning") {
  shown_name n;
  CHECK(n.get().empty());
  n.set("a long name that has thirty-two bytes, and then some");
  CHECK(n.get().starts_with("a long name that has thirty-two "));
  CHECK(n.get().ends_with("…"));
  n.set("short");
  CHECK(n.get() == "short");
}
