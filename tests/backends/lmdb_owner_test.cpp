// Ownership of an LMDB file, under names that only LMDB knows.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <stet/lmdb.hpp>

#include "owner_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet_tests::child_process;
using stet_tests::has;
using stet_tests::temporary_directory;

namespace {

const stet_tests::file_store lmdb{"lmdb",
                                  [](const std::string& path) { return stet::lmdb::open(path); },
                                  {"-lock", ".owner", "-log"}};

}  // namespace

TEST_CASE("an LMDB file has one owner [S163, S169, S170]") { stet_tests::check_owner(lmdb); }

TEST_CASE("an LMDB file is found under its other names, and opened by any of them") {
  temporary_directory dir;
  child_process holder([&](int pipe) {
    auto s = stet::lmdb::open(dir / "s");
    put(*s, "a", "1");
    child_process::tell(pipe, "ready");
    ::pause();
  });
  REQUIRE(holder.hear() == "ready");
  fs::create_hard_link(dir / "s", dir / "hard");
  has(lmdb.try_open(dir / "hard"), "conflict: ");
  holder.kill();
  stet::lmdb::open(dir / "s")->close();
  CHECK(stet::lmdb::open(dir / "hard")->get("a") == "1");
}

TEST_CASE("a lock file of an LMDB store that was deleted does no harm to the next one [S167]") {
  temporary_directory dir;
  for (int i = 0; i < 3; ++i) {
    auto s = stet::lmdb::open(dir / "s");
    put(*s, std::to_string(i), "v");
    s->close();
    fs::remove(dir / "s-lock");
    if (i == 1) fs::remove(dir / "s.owner");
  }
  CHECK(scanned(*stet::lmdb::open(dir / "s")).size() == 3);
}
