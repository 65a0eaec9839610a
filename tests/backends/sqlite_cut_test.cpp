// An SQLite file that was cut short, at any length: all of it is there, or it is an error.
#include <doctest/doctest.h>

#include <filesystem>
#include <stet/sqlite.hpp>

#include "cut_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using namespace stet_tests;

namespace {

std::unique_ptr<stet::store> open_small(const std::string& path) {
  return stet::sqlite::open(path, {.wal_bytes = 64u << 10});
}

}  // namespace

TEST_CASE("an SQLite file is cut short after a close: an error, and it is left as it was") {
  temporary_directory dir;
  {
    auto s = open_small(dir / "s");
    fill_pages(*s);
  }
  CHECK(check_cuts(dir.path(), "s", open_small) > 40);
}

TEST_CASE("an SQLite file is cut short beside the log of a process that died: the same") {
  temporary_directory dir;
  child_process child([&](int pipe) {
    auto* s = open_small(dir / "s").release();
    fill_pages(*s);
    for (int i = 0; i < 30; ++i) put(*s, "logged" + std::to_string(i), std::string(200, 'x'));
    child_process::tell(pipe, "fine");
  });
  REQUIRE(child.hear_all() == "fine");
  child.wait();
  REQUIRE(fs::exists(dir / "s-wal"));
  fs::remove(dir / "s-shm");  // an index of that, made anew
  (void)check_cuts(dir.path(), "s", open_small);
}
