// A store stays its owner's when somebody removes what stands beside it, or moves it.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
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

const std::vector<stet_tests::file_store> kinds{
#if STET_TESTS_HAVE_LMDB
    {"lmdb", [](const std::string& path) { return stet::lmdb::open(path); }, {".owner", "-lock"}},
#endif
#if STET_TESTS_HAVE_ROCKSDB
    {"rocksdb",
     [](const std::string& path) { return stet::rocksdb::open(path); },
     {".owner", "/LOCK"}},
#endif
#if STET_TESTS_HAVE_SQLITE
    {"sqlite", [](const std::string& path) { return stet::sqlite::open(path); }, {".owner"}},
#endif
};

std::string open_elsewhere(const stet_tests::file_store& kind, const std::string& path) {
  child_process other([&](int pipe) { child_process::tell(pipe, kind.try_open(path)); });
  return other.hear_all();
}

}  // namespace

TEST_CASE("what stands beside an open store is removed: another process is refused all the same") {
  for (const auto& kind : kinds) {
    for (bool is_new : {true, false}) {
      CAPTURE(kind.scheme);
      temporary_directory dir;
      if (!is_new) put(*kind.open(dir / "s"), "before", "v");
      auto s = kind.open(dir / "s");
      for (int i = 0; i < 3; ++i) {
        put(*s, std::to_string(i), "v");
        for (const auto& end : kind.side_files) fs::remove(dir / "s" + end);
        has(open_elsewhere(kind, dir / "s"), "conflict: " + kind.scheme + " open ");
      }
      (void)scanned(*s);
      s->close();
      s = kind.open(dir / "s");
      CHECK(scanned(*s).size() == (is_new ? 3u : 4u));
      has(open_elsewhere(kind, dir / "s"), "in use by process " + std::to_string(::getpid()));
    }
  }
}

TEST_CASE("the directory of an open store is moved: another process is refused all the same") {
  for (const auto& kind : kinds) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    fs::create_directory(dir / "d");
    auto s = kind.open(dir / "d/s");
    put(*s, "a", "1");
    fs::rename(dir / "d", dir / "moved");
    fs::remove(dir / "moved/s.owner");
    has(open_elsewhere(kind, dir / "moved/s"), "conflict: ");
    s->close();
    s.reset();
    CHECK(open_elsewhere(kind, dir / "moved/s") == "opened");
  }
}

TEST_CASE("whoever had a store open dies after its note was removed: the next one opens it") {
  for (const auto& kind : kinds) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    child_process holder([&](int pipe) {
      auto s = kind.open(dir / "s");
      put(*s, "a", "1");
      child_process::tell(pipe, "ready");
      ::pause();
    });
    REQUIRE(holder.hear() == "ready");
    fs::remove(dir / "s.owner");
    has(kind.try_open(dir / "s"), "conflict: ");
    holder.kill();
    CHECK(kind.open(dir / "s")->get("a") == "1");
  }
}
