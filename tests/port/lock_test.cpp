#include "port/lock.hpp"

#include <doctest/doctest.h>

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;
namespace port = stet::port;

TEST_CASE("one has the lock of a file, until it closes it") {
  temporary_directory dir;
  port::file first, second;
  CHECK(port::create(dir / "a", first) == 0);
  CHECK(port::open(dir / "a", second) == 0);
  int error = 99;
  CHECK(port::lock(first, error));
  CHECK(error == 0);
  error = 99;
  CHECK_FALSE(port::lock(second, error));
  CHECK(error == 0);
  first.close();
  CHECK(port::lock(second, error));
}

TEST_CASE("a directory has a lock as well") {
  temporary_directory dir;
  port::file first, second;
  CHECK(port::open_or_create_directory(dir / "d", first) == 0);
  CHECK(port::open_or_create_directory(dir / "d", second) == 0);
  int error = 0;
  CHECK(port::lock(first, error));
  CHECK_FALSE(port::lock(second, error));
}

TEST_CASE("what can't be locked is an error") {
  int error = 0;
  CHECK_FALSE(port::lock(port::file(), error));
  CHECK(error != 0);
}

TEST_CASE("a lock ends with its process") {
  temporary_directory dir;
  child_process owner([&](int pipe) {
    port::file f;
    int error = port::create(dir / "a", f);
    child_process::tell(pipe, error == 0 && port::lock(f, error) ? "locked" : "failed");
    for (;;) ::pause();
  });
  REQUIRE(owner.hear() == "locked");
  port::file f;
  CHECK(port::open(dir / "a", f) == 0);
  int error = 0;
  CHECK_FALSE(port::lock(f, error));
  CHECK(error == 0);
  owner.kill();
  CHECK(port::lock(f, error));
}
