// The tests with a full disk are in tests/backends/device_cases.cpp.
#include "port/space.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;
namespace port = stet::port;

TEST_CASE("a file system says what is left of it") {
  temporary_directory dir;
  std::uint64_t bytes = 1;
  CHECK(port::free_bytes(dir.path(), bytes) == 0);
  CHECK(bytes > 1);
  CHECK(port::is_missing(port::free_bytes(dir / "missing", bytes)));
}

TEST_CASE("room is tried with a file that doesn't stay") {
  temporary_directory dir;
  CHECK(port::try_room(dir / "room", 1 << 20) == 0);
  CHECK(std::filesystem::is_empty(dir.path()));
  CHECK(port::try_room(dir / "room", UINT64_MAX / 4) != 0);
  CHECK(std::filesystem::is_empty(dir.path()));
  std::ofstream(dir / "taken") << "x";
  CHECK(port::is_taken(port::try_room(dir / "taken", 1)));
  CHECK(port::is_missing(port::try_room(dir / "missing/room", 1)));
}
