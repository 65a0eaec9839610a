// A store whose owner is dying: `kill` returns before a killed process has let go of its locks.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif
#if STET_TESTS_HAVE_ROCKSDB
#include <stet/rocksdb.hpp>
#endif
#if STET_TESTS_HAVE_SQLITE
#include <stet/sqlite.hpp>
#endif

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

// As engines open stores, and as readers do.
const std::vector<stet_tests::file_store> kinds{
#if STET_TESTS_HAVE_LMDB
    {"lmdb", [](const std::string& path) { return stet::lmdb::open(path); }, {}},
    {"lmdb", [](const std::string& path) { return stet::lmdb::open(path, {.create = false}); }, {}},
#endif
#if STET_TESTS_HAVE_ROCKSDB
    {"rocksdb", [](const std::string& path) { return stet::rocksdb::open(path); }, {}},
    {"rocksdb",
     [](const std::string& path) { return stet::rocksdb::open(path, {.create = false}); },
     {}},
#endif
#if STET_TESTS_HAVE_SQLITE
    {"sqlite", [](const std::string& path) { return stet::sqlite::open(path); }, {}},
    {"sqlite",
     [](const std::string& path) { return stet::sqlite::open(path, {.create = false}); },
     {}},
#endif
};

/// Makes a store as an engine does: the first of each scheme's kinds.
void make(const stet_tests::file_store& kind, const std::string& path) {
  auto engines =
      std::find_if(kinds.begin(), kinds.end(), [&](auto& k) { return k.scheme == kind.scheme; });
  put(*engines->open(path), "before", "v");
}

/// For a child: has the store open until it is killed.
void hold(const stet_tests::file_store& kind, const std::string& path, int pipe) {
  auto s = kind.open(path);
  put(*s, "a", "1");
  child_process::tell(pipe, "ready");
  ::pause();
}

}  // namespace

TEST_CASE("the owner dies while the next one opens the store: that one waits, and gets it [S169]") {
  for (const auto& kind : kinds) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    make(kind, dir / "s");
    // Without its note a store has the lock of its file alone. SQLite's can't be waited for.
    for (bool has_note : {true, false}) {
      if (!has_note && kind.scheme == "sqlite") continue;
      CAPTURE(has_note);
      child_process holder([&](int pipe) { hold(kind, dir / "s", pipe); });
      REQUIRE(holder.hear() == "ready");
      if (!has_note) fs::remove(dir / "s.owner");
      std::thread end([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        holder.kill();
      });
      const auto opened = kind.try_open(dir / "s");
      end.join();
      CHECK(opened == "opened");
      CHECK(kind.open(dir / "s")->get("a") == "1");
    }
  }
}

TEST_CASE("an owner that stays is named, and nothing is left of the attempt to open [S169]") {
  for (const auto& kind : kinds) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    make(kind, dir / "s");
    child_process holder([&](int pipe) { hold(kind, dir / "s", pipe); });
    REQUIRE(holder.hear() == "ready");
    has(kind.try_open(dir / "s"), "conflict: " + kind.scheme + " open " + (dir / "s") +
                                      ": it is in use by process " + std::to_string(holder.pid()) +
                                      "; only one engine may have it open");
    holder.kill();
    CHECK(kind.open(dir / "s")->get("a") == "1");
  }
}

TEST_CASE("a fork while a store is waited for is neither delayed nor keeps its locks") {
  for (const auto& kind : kinds) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    make(kind, dir / "s");
    child_process holder([&](int pipe) { hold(kind, dir / "s", pipe); });
    REQUIRE(holder.hear() == "ready");
    std::string opened;
    std::thread waiting([&] { opened = kind.try_open(dir / "s"); });
    child_process bystander([](int pipe) {
      child_process::tell(pipe, "ready");
      ::pause();
    });
    REQUIRE(bystander.hear() == "ready");
    holder.kill();
    waiting.join();
    CHECK(opened == "opened");
    CHECK(kind.open(dir / "s")->get("a") == "1");  // while the bystander lives
  }
}
