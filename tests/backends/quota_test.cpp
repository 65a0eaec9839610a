// "No room" has several error numbers: a full disk, an exhausted quota, the largest file that is
// allowed. Each is refused, and the same store goes on when there is room again.
#include <doctest/doctest.h>

#if defined(__linux__)
#include <cerrno>
#include <chrono>
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

#include "failing_calls.hpp"
#include "owner_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_conformance;
using namespace stet_tests;
using stet::commit_outcome;
using stet::errc;

namespace {

struct full_file {
  file_store kind;
  const char* file;  // the end of the file's name
};

const std::vector<full_file> kinds{
#if STET_TESTS_HAVE_LMDB
    {{"lmdb", [](const std::string& path) { return stet::lmdb::open(path); }, {}}, "/s-log"},
    {{"lmdb", [](const std::string& path) { return stet::lmdb::open(path, {.log_bytes = 0}); }, {}},
     "/s"},
#endif
#if STET_TESTS_HAVE_ROCKSDB
    {{"rocksdb", [](const std::string& path) { return stet::rocksdb::open(path); }, {}}, ".log"},
    {{"rocksdb",
      [](const std::string& path) { return stet::rocksdb::open(path, {.memtable_bytes = 1}); },
      {}},
     ".sst"},
#endif
#if STET_TESTS_HAVE_SQLITE
    {{"sqlite", [](const std::string& path) { return stet::sqlite::open(path); }, {}}, "/s-wal"},
    {{"sqlite",
      [](const std::string& path) { return stet::sqlite::open(path, {.wal_bytes = 1}); },
      {}},
     "/s"},
#endif
};

/// Commits values of 100 kB until one fails, at most a hundred. Returns the failure.
std::optional<stet::store_error> fill(stet::store& s, std::size_t& count) {
  for (int i = 0; i < 100; ++i) {
    auto e = error_of([&] { put(s, std::to_string(1000 + count), std::string(100'000, 'x')); });
    if (e) return e;
    ++count;
  }
  return std::nullopt;
}

/// Whether the store commits again when there is room. RocksDB looks for room every few seconds.
bool goes_on(stet::store& s) {
  for (int i = 0; i < 600; ++i) {
    if (!error_of([&] { put(s, "after", "v"); })) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

}  // namespace

TEST_CASE("no room by any of its numbers: commits are refused, reads and later commits go on") {
  for (const auto& [kind, file] : kinds) {
    for (int how : {ENOSPC, EDQUOT, EFBIG}) {
      for (bool is_first : {true, false}) {
        CAPTURE(kind.scheme);
        CAPTURE(file);
        CAPTURE(how);
        CAPTURE(is_first);
        temporary_directory dir;
        auto s = kind.open(dir / "s");
        std::size_t count = 0;
        if (!is_first) put(*s, "before", "v");
        failure = how;
        failing_files = file;
        const auto e = fill(*s, count);
        // SQLite needs no room in its file as long as its log may grow, and LMDB does without a
        // log.
        if (e) {
          CHECK(e->code() == errc::full);
          CHECK(e->outcome() == commit_outcome::refused);
          CHECK(scanned(*s).size() == count + (is_first ? 0 : 1));
          CHECK(refused_as(errc::full, [&] { put(*s, "again", std::string(100'000, 'x')); }));
          CHECK(!s->get("again"));
        } else {
          CHECK((kind.scheme == "sqlite" || (kind.scheme == "lmdb" && is_first)));
        }
        failing_files = nullptr;
        CHECK(goes_on(*s));
        CHECK(!fill(*s, count));
        const auto all = scanned(*s);
        CHECK(all.size() == count + (is_first ? 1 : 2));
        s->close();
        CHECK(scanned(*kind.open(dir / "s")) == all);
      }
    }
  }
}

TEST_CASE("what a failed flush leaves in doubt isn't told as no room, which would heal") {
  for (const auto& [kind, file] : kinds) {
    for (int how : {ENOSPC, EDQUOT, EFBIG}) {
      CAPTURE(kind.scheme);
      CAPTURE(how);
      temporary_directory dir;
      auto s = kind.open(dir / "s");
      put(*s, "before", "v");
      failure = how;
      flushes_left = 0;
      const auto e = error_of([&] { put(*s, "a", "1"); });
      flushes_left = -1;
      REQUIRE(e);
      if (e->outcome() == commit_outcome::refused) {  // LMDB writes its last page after that
        CHECK(e->code() == errc::full);
        CHECK(!error_of([&] { put(*s, "a", "1"); }));
      } else {
        CHECK(e->code() == errc::store);
      }
      s->close();
      CHECK(kind.open(dir / "s")->get("before") == "v");
    }
  }
}
#endif
