// An LMDB file that was cut short, at any length: all of it is there, or it is an error.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stet/lmdb.hpp>

#include "cut_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using namespace stet_tests;

namespace {

std::unique_ptr<stet::store> open_small(const std::string& path) {
  return stet::lmdb::open(path, {.map_bytes = 1 << 16, .log_bytes = 64u << 10});
}

}  // namespace

TEST_CASE("an LMDB file is cut short after a close: an error, and it is left as it was") {
  temporary_directory dir;
  {
    auto s = open_small(dir / "s");
    fill_pages(*s);
  }
  CHECK(check_cuts(dir.path(), "s", open_small) > 40);
}

TEST_CASE("an LMDB file is cut short beside the log of a process that died: the same") {
  temporary_directory dir;
  child_process child([&](int pipe) {
    auto* s = open_small(dir / "s").release();
    fill_pages(*s);
    for (int i = 0; i < 30; ++i) put(*s, "logged" + std::to_string(i), std::string(200, 'x'));
    child_process::tell(pipe, "fine");
  });
  REQUIRE(child.hear_all() == "fine");
  child.wait();
  REQUIRE(fs::exists(dir / "s-log"));
  CHECK(check_cuts(dir.path(), "s", open_small) > 40);
}

TEST_CASE("an LMDB file that is short without fault is opened") {
  temporary_directory dir;
  {
    // LMDB doesn't write the pages that are made and freed by one transaction.
    auto s = stet::lmdb::open(dir / "s", {.log_bytes = 0});
    for (int i = 0; i < 20; ++i) put(*s, std::to_string(i), std::string(500, 'x'));
    auto b = batch_of();
    for (int i = 0; i < 300; ++i) b.put("t" + std::to_string(i), std::string(1500, 'y'));
    for (int i = 0; i < 300; ++i) b.erase("t" + std::to_string(i));
    b.commit_to(*s);
  }
  const auto size = fs::file_size(dir / "s");
  CHECK(scanned(*stet::lmdb::open(dir / "s", {.log_bytes = 0})).size() == 20);
  CHECK(fs::file_size(dir / "s") >= size);
  auto s = stet::lmdb::open(dir / "s");
  put(*s, "more", std::string(100'000, 'z'));
  CHECK(scanned(*s).size() == 21);
}
