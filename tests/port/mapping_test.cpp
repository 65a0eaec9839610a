// The tests with a full disk are in tests/engine/crash_slots_test.cpp.
#include "port/mapping.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;
namespace port = stet::port;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t bytes = 4096;

std::string text_in(const port::shared_mapping& m) { return static_cast<const char*>(m.data()); }

}  // namespace

TEST_CASE("what was written into a mapping outlives the process that is killed") {
  temporary_directory dir;
  child_process child([&](int pipe) {
    port::shared_mapping m;
    if (m.open(dir / "a", bytes)) std::strcpy(static_cast<char*>(m.data()), "left behind");
    child_process::tell(pipe, "done");
    for (;;) ::pause();
  });
  REQUIRE(child.hear() == "done");
  child.kill();
  port::shared_mapping m;
  REQUIRE(m.open(dir / "a", bytes));
  CHECK(text_in(m) == "left behind");
}

TEST_CASE("the file is its owner's only, of that size, and without holes") {
  temporary_directory dir;
  const auto before = ::umask(0);
  port::shared_mapping m;
  CHECK(m.open(dir / "a", 4 * bytes));
  ::umask(before);
  struct stat s;
  REQUIRE(::stat((dir / "a").c_str(), &s) == 0);
  CHECK((s.st_mode & 07777) == 0600);
  CHECK(s.st_size == 4 * bytes);
  CHECK(s.st_blocks * 512 >= s.st_size);
}

TEST_CASE("what isn't a regular file with one name isn't mapped") {
  temporary_directory dir;
  std::ofstream(dir / "file") << "x";
  fs::create_symlink(dir / "file", dir / "link");
  fs::create_hard_link(dir / "file", dir / "second");
  fs::create_directory(dir / "d");
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  for (const char* name : {"file", "second", "link", "d", "pipe", "missing/file"}) {
    port::shared_mapping m;
    CHECK_FALSE(m.open(dir / name, bytes));
    CHECK(m.data() == nullptr);
  }
  CHECK(fs::file_size(dir / "file") == 1);
}

TEST_CASE("what is written into a mapping that is detached doesn't reach the file") {
  temporary_directory dir;
  port::shared_mapping m, later;
  m.detach();  // does nothing
  CHECK(m.open(dir / "a", bytes));
  void* const before = m.data();
  std::strcpy(static_cast<char*>(m.data()), "first");
  m.detach();
  CHECK(m.data() == before);
  CHECK(text_in(m).empty());
  std::strcpy(static_cast<char*>(m.data()), "second");
  CHECK(later.open(dir / "a", bytes));
  CHECK(text_in(later) == "first");
}

TEST_CASE("whether there is address space") {
  CHECK(port::has_address_space(1 << 20));
  CHECK_FALSE(port::has_address_space(SIZE_MAX >> 1));
}
