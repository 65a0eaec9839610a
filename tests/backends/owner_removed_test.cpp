// A store stays its owner's when another process removes the files next to it, or moves it.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
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

/// A process that has a store open and commits until the file `stop` exists. It is no fork of this
/// process, since an inherited store is refused for that reason alone.
void hold(const stet_tests::file_store& kind, const std::string& path, const std::string& stop,
          int pipe) {
  auto s = kind.open(path);
  put(*s, "0", "v");
  child_process::tell(pipe, "ready");
  int n = 1;
  while (!fs::exists(stop)) {
    put(*s, std::to_string(n++), "v");
    ::usleep(2000);
  }
  s->close();
  child_process::tell(pipe, std::to_string(n));
}

}  // namespace

TEST_CASE("what stands beside an open store is removed: another process is refused all the same") {
  for (const auto& kind : kinds) {
    for (bool is_new : {true, false}) {
      CAPTURE(kind.scheme);
      temporary_directory dir;
      if (!is_new) put(*kind.open(dir / "s"), "before", "v");
      child_process holder([&](int pipe) { hold(kind, dir / "s", dir / "stop", pipe); });
      REQUIRE(holder.hear() == "ready");
      for (int i = 0; i < 3; ++i) {
        for (const auto& end : kind.side_files) fs::remove(dir / "s" + end);
        has(kind.try_open(dir / "s"), "conflict: " + kind.scheme + " open ");
      }
      std::ofstream(dir / "stop") << "";
      const auto count = std::stoul(holder.hear_all()) + (is_new ? 0 : 1);
      CHECK(scanned(*kind.open(dir / "s")).size() == count);  // nothing disturbed the owner
    }
  }
}

TEST_CASE("an open store is moved: another process is refused all the same") {
  for (const auto& kind : kinds) {
    for (const char* what : {"d", "d/s"}) {
      CAPTURE(kind.scheme);
      CAPTURE(what);
      temporary_directory dir;
      fs::create_directory(dir / "d");
      child_process holder([&](int pipe) {
        auto s = kind.open(dir / "d/s");
        put(*s, "a", "1");
        child_process::tell(pipe, "ready");
        ::pause();
      });
      REQUIRE(holder.hear() == "ready");
      fs::rename(dir / what, dir / "moved");
      const std::string path = dir / (what == std::string("d") ? "moved/s" : "moved");
      fs::remove(path + ".owner");
      has(kind.try_open(path), "conflict: ");
      holder.kill();
    }
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
