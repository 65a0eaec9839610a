#include "base/thread_number.hpp"

#include <doctest/doctest.h>

#include <thread>

using stet::detail::thread_number;

TEST_CASE("a thread has one number, and no other thread has it") {
  const auto mine = thread_number();
  CHECK(thread_number() == mine);
  unsigned first = mine, second = mine;
  bool stays = false;
  std::thread([&] {
    first = thread_number();
    stays = thread_number() == first;
  }).join();
  std::thread([&] { second = thread_number(); }).join();
  CHECK(stays);
  CHECK(first != mine);
  CHECK(second != mine);
  CHECK(second != first);  // not even after that thread has ended
  CHECK(thread_number() == mine);
}
