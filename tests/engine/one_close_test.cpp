// The one close of an engine.
#include "engine/loop/one_close.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace stet::detail;
using namespace std::chrono_literals;

TEST_CASE("a wait for a close ends with the close, and no earlier") {
  one_close c;
  std::optional<one_close::under_way> first(std::in_place, c);
  std::atomic<bool> ended{false}, saw_end{false};
  std::thread waits([&] {
    (void)c.wait(std::nullopt);
    saw_end = ended.load();
  });
  std::this_thread::sleep_for(20ms);
  ended = true;
  first.reset();
  waits.join();
  CHECK(saw_end);
}

TEST_CASE("a wait with a limit says whether the close has ended") {
  one_close c;
  {
    one_close::under_way first(c);
    CHECK(!c.wait(std::chrono::steady_clock::now()));
    CHECK(!c.wait(std::chrono::steady_clock::now() + 5ms));
  }
  CHECK(c.wait(std::chrono::steady_clock::now()));
  CHECK(c.wait(std::nullopt));
}

TEST_CASE("a close that throws has ended, too") {
  one_close c;
  try {
    one_close::under_way first(c);
    throw std::runtime_error("the disk failed");
  } catch (const std::runtime_error&) {}
  CHECK(c.wait(std::nullopt));
}
