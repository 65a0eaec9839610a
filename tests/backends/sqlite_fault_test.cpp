// SQLite on a device that fails: a full file system, and flushes and writes that return errors.
#include <doctest/doctest.h>

#if defined(__linux__)
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stet/sqlite.hpp>

#include "device_cases.hpp"
#include "failing_calls.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using namespace stet_tests;
using stet::commit_outcome;
using stet::errc;

namespace {

const stet::sqlite::options small{.wal_bytes = 64u << 10};

}  // namespace

TEST_CASE("a commit of an SQLite store costs one flush; one that isn't sync costs none") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s");
  for (int i = 0; i < 10; ++i) put(*s, std::to_string(i), "v");  // the log reaches its full length
  long before = flushes;
  for (int i = 0; i < 10; ++i) put(*s, std::to_string(i), std::string(1000, 'x'));
  CHECK(flushes == before + 10);
  for (int i = 0; i < 10; ++i) {
    batch_of().put(std::to_string(i), "y").commit_to(*s, stet::durability::process);
  }
  CHECK(flushes == before + 10);
  batch_of().erase("absent").commit_to(*s);  // makes earlier commits durable
  batch_of().commit_to(*s);
  CHECK(flushes == before + 11);
  batch_of().put("b", "1").commit_to(*s, stet::durability::process);
  put(*s, "b", "2");
  batch_of().commit_to(*s);
  CHECK(flushes == before + 12);
}

TEST_CASE("after a failed flush an SQLite store is poisoned until it is opened anew") {
  // The failing flush is the log's in a commit, then the log's when it is moved, then the file's.
  for (int n : {0, 1, 2}) {
    CAPTURE(n);
    temporary_directory dir;
    auto s = stet::sqlite::open(dir / "s", small);
    put(*s, "a", "1");
    failure = EIO;
    flushes_left = n;
    auto e = error_of([&] { put(*s, "b", std::string(100'000, '2')); });
    flushes_left = -1;
    REQUIRE(e);
    CHECK(e->code() == errc::store);
    CHECK(e->native() == SQLITE_IOERR_FSYNC);
    CHECK(std::string(e->what()).find("Input/output error") != std::string::npos);
    CHECK(e->outcome() == commit_outcome::unknown);
    check_poisoned(*s);
    s->close();
    CHECK(fs::exists(dir / "s-wal"));  // unchanged
    s = stet::sqlite::open(dir / "s", small);
    CHECK(s->get("a") == "1");
    CHECK((n == 0 || s->get("b")));
    put(*s, "c", "3");
  }
}

TEST_CASE("a failed flush of what earlier commits left to it poisons an SQLite store as well") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s");
  batch_of().put("a", "1").commit_to(*s, stet::durability::process);
  failure = EIO;
  SUBCASE("by a commit that writes nothing") {
    flushes_left = 0;
    auto e = error_of([&] { batch_of().commit_to(*s); });
    REQUIRE(e);
    CHECK(e->outcome() == commit_outcome::unknown);
    flushes_left = -1;
    check_poisoned(*s);
    s->close();
  }
  SUBCASE("by close") {
    flushes_left = 0;
    auto e = error_of([&] { s->close(); });
    REQUIRE(e);
    CHECK(e->outcome() == commit_outcome::unknown);
    flushes_left = -1;
  }
  CHECK(stet::sqlite::open(dir / "s")->get("a") == "1");  // no power was lost
}

namespace {

/// The outcome of a commit of three values whose write number `n` failed, whether the store went
/// on, and how many of the values were in it after the process had ended.
struct trial {
  bool failed = false, refused = false, full = false, usable = false;
  std::size_t left = 0;
};

trial fail_write(int n, int how) {
  temporary_directory dir;
  child_process child([&](int pipe) {
    auto* s = stet::sqlite::open(dir / "s").release();
    put(*s, "a", "1");
    failure = how;
    writes_left = n;
    auto e = error_of([&] {
      batch_of().put("b", "2").put("c", std::string(9000, '3')).put("d", "4").commit_to(*s);
    });
    writes_left = -1;
    bool is_usable = !error_of([&] { (void)s->get("a"); });
    if (e && is_usable && s->get("b")) child_process::tell(pipe, "seen ");
    if (e) child_process::tell(pipe, "failed ");
    if (e && e->outcome() == commit_outcome::refused) child_process::tell(pipe, "refused ");
    if (e && e->code() == errc::full) child_process::tell(pipe, "full ");
    if (is_usable) child_process::tell(pipe, "usable ");
  });
  const std::string told = child.hear_all();
  CHECK(child.wait() == 0);
  auto says = [&](const char* word) { return told.find(word) != std::string::npos; };
  CHECK(!says("seen"));
  auto s = stet::sqlite::open(dir / "s");
  CHECK(s->get("a") == "1");
  return {says("failed"), says("refused"), says("full"), says("usable"),
          scanned(*s, "b", "e").size()};
}

}  // namespace

TEST_CASE("whichever write of an SQLite commit fails, nothing is left in part") {
  int reached = 0;
  for (;; ++reached) {
    CAPTURE(reached);
    trial t = fail_write(reached, EIO);
    if (!t.failed) break;
    CHECK(!t.refused);
    CHECK(!t.usable);
    CHECK((t.left == 0 || t.left == 3));
  }
  CHECK(reached >= 6);  // pages, each with its head
}

TEST_CASE(
    "a batch too large for SQLite's memory fails before its end: no room is refused, EIO isn't") {
  for (int how : {ENOSPC, EIO}) {
    temporary_directory dir;
    auto s = stet::sqlite::open(dir / "s");
    put(*s, "a", "1");
    failure = how;
    writes_left = 0;
    auto e = error_of(
        [&] { batch_of().put("b", std::string(20u << 20, '2')).put("c", "3").commit_to(*s); });
    writes_left = -1;
    REQUIRE(e);
    const bool is_refused = how == ENOSPC;
    CHECK((e->outcome() == commit_outcome::refused) == is_refused);
    if (is_refused) put(*s, "d", "4");
    else check_poisoned(*s);
    s->close();
    CHECK(scanned(*stet::sqlite::open(dir / "s")).size() == (is_refused ? 2u : 1u));
  }
}

TEST_CASE("no room for any write of an SQLite commit: it is refused, and nothing comes back") {
  int reached = 0;
  for (;; ++reached) {
    CAPTURE(reached);
    trial t = fail_write(reached, ENOSPC);
    if (!t.failed) break;
    CHECK(t.refused);
    CHECK(t.full);
    CHECK(t.usable);
    CHECK(t.left == 0);
  }
  CHECK(reached >= 6);
}

TEST_CASE("a commit that finds no room for its last bytes is refused, and never comes back") {
  temporary_directory dir;
  child_process child([&](int pipe) {
    auto* s = stet::sqlite::open(dir / "s").release();
    for (int i = 0; i < 10; ++i) put(*s, "a", "1");  // the log reaches its full length
    long refused = 0;
    // A commit here is two pages of 4096 bytes, each with a head of 24.
    for (long room : {0, 1, 23, 24, 25, 4119, 4120, 4121, 8000, 8239}) {
      room_left = room;
      refused += refused_as(errc::full, [&] { put(*s, "z", "v"); }) && !s->get("z");
    }
    room_left = -1;
    child_process::tell(pipe, std::to_string(refused));
  });
  CHECK(child.hear_all() == "10");
  child.wait();
  CHECK(scanned(*stet::sqlite::open(dir / "s")) == pairs{{"a", "1"}});
}

TEST_CASE("while there is no room to move the log of an SQLite store, commits go on in it") {
  int unmoved = 0;
  for (int n = 0;; n += 3) {
    CAPTURE(n);
    temporary_directory dir;
    auto s = stet::sqlite::open(dir / "s", small);
    put(*s, "a", "1");
    failure = ENOSPC;
    writes_left = n;
    // The value is longer than the log may be, which is moved at once.
    auto e = error_of([&] { put(*s, "b", std::string(70'000, '2')); });
    const bool has_failed = writes_left < 0;
    writes_left = -1;
    unmoved += has_failed && !e;
    put(*s, "c", "3");
    CHECK(scanned(*s).size() == (e ? 2u : 3u));
    s->close();
    CHECK(!fs::exists(dir / "s-wal"));
    CHECK(scanned(*stet::sqlite::open(dir / "s")).size() == (e ? 2u : 3u));
    if (!has_failed) break;
  }
  CHECK(unmoved > 5);
}

namespace {

/// Call it in a child, with a file system of its own of one megabyte. Returns "fine" or what is
/// wrong.
std::string use_full_disk(const std::string& place, const stet::sqlite::options& o) {
  if (!mount_alone(place, "size=1m")) return "skip";
  auto s = stet::sqlite::open(place + "/s", o);
  const auto filled = fill_disk(*s);
  if (!filled.wrong.empty()) return filled.wrong;
  s->close();
  if (fs::exists(place + "/s-wal")) {
    if (!refused_as(errc::full, [&] { stet::sqlite::open(place + "/s", o); })) return "opened";
  } else if (o.wal_bytes > small.wal_bytes) {
    return "no log";  // the log had all of it, and no other place had room
  }
  if (!remount(place, "size=4m")) return "remount";
  s = stet::sqlite::open(place + "/s", o);
  if (scanned(*s).size() != filled.count) return "reopened";
  put(*s, "again", std::string(100000, 'x'));
  s->close();
  return scanned(*stet::sqlite::open(place + "/s")).size() == filled.count + 1 ? "fine"
                                                                               : "at the end";
}

}  // namespace

TEST_CASE("on a full disk an SQLite commit is refused, and with room the store goes on") {
  for (const auto& o : {small, stet::sqlite::options{}}) {
    check_in_child([&](const std::string& place) { return use_full_disk(place, o); });
  }
}
#endif
