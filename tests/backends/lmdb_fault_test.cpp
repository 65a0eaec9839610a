// LMDB on a device that fails: a full file system, and flushes and writes that return errors.
#include <doctest/doctest.h>

#if defined(__linux__)
#include <unistd.h>

#include <cerrno>
#include <stet/lmdb.hpp>

#include "device_cases.hpp"
#include "failing_calls.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace {

using namespace stet_conformance;
using namespace stet_tests;
using stet::commit_outcome;
using stet::errc;

const stet::lmdb::options without_log{.log_bytes = 0};

}  // namespace

TEST_CASE("after a failed flush an LMDB store is poisoned until it is opened anew") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s", without_log);
  put(*s, "a", "1");
  failure = EIO;
  flushes_left = 0;
  auto e = error_of([&] { put(*s, "b", "2"); });
  flushes_left = -1;
  REQUIRE(e);
  CHECK(e->code() == errc::store);
  CHECK(e->native() == EIO);
  CHECK(e->outcome() == commit_outcome::unknown);
  check_poisoned(*s);
  s->close();
  s = stet::lmdb::open(dir / "s", without_log);
  CHECK(s->get("a") == "1");
  put(*s, "c", "3");
}

namespace {

/// The outcome of a commit of three values whose write number `n` failed, and how many of the
/// values were in the store after opening it anew.
struct trial {
  std::optional<stet::store_error> error;
  bool is_usable;
  std::size_t left;
};

trial fail_write(int n, int how) {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s", without_log);
  put(*s, "a", "1");
  failure = how;
  writes_left = n;
  auto e = error_of([&] {
    batch_of().put("b", "2").put("c", std::string(9000, '3')).put("d", "4").commit_to(*s);
  });
  writes_left = -1;
  bool is_usable = !error_of([&] { (void)s->get("a"); });
  CHECK(is_usable == !error_of([&] { put(*s, "usable", "v"); }));
  s->close();
  s = stet::lmdb::open(dir / "s", without_log);
  CHECK(s->get("a") == "1");
  return {e, is_usable, scanned(*s, "b", "e").size()};
}

}  // namespace

TEST_CASE("whichever write of an LMDB commit fails, nothing is left in part") {
  int reached = 0;
  for (;; ++reached) {
    trial t = fail_write(reached, EIO);
    if (!t.error) break;
    CAPTURE(reached);
    CHECK(t.error->outcome() == commit_outcome::unknown);
    CHECK(!t.is_usable);
    CHECK((t.left == 0 || t.left == 3));
  }
  CHECK(reached >= 2);  // data pages, and the page that makes them the latest
}

TEST_CASE("no room for the pages of an LMDB commit is refused; for the last one it is unknown") {
  int reached = 0;
  std::optional<stet::commit_outcome> last;
  for (;; ++reached) {
    trial t = fail_write(reached, ENOSPC);
    if (!t.error) break;
    CAPTURE(reached);
    last = t.error->outcome();
    CHECK(t.is_usable == (last == commit_outcome::refused));
    if (last == commit_outcome::refused) {
      CHECK(t.error->code() == errc::full);
      CHECK(t.left == 0);
    }
    if (reached == 0) CHECK(last == commit_outcome::refused);
  }
  CHECK(reached >= 2);
  CHECK(last == commit_outcome::unknown);
}

namespace {

/// Call it in a child, with a file system of its own of one megabyte. Returns "fine" or what is
/// wrong.
std::string use_full_disk(const std::string& place, const stet::lmdb::options& o) {
  if (!mount_alone(place, "size=1m")) return "skip";
  auto s = stet::lmdb::open(place + "/s", o);
  const auto filled = fill_disk(*s);
  if (!filled.wrong.empty()) return filled.wrong;
  if (filled.why->native() != ENOSPC) return filled.why->what();
  if (!remount(place, "size=4m")) return "remount";
  put(*s, "again", std::string(100000, 'x'));
  s->close();
  s = stet::lmdb::open(place + "/s", o);
  return scanned(*s).size() == filled.count + 1 ? "fine" : "reopened";
}

}  // namespace

TEST_CASE("on a full disk an LMDB commit is refused, and with room the same store goes on") {
  // Without a log, with a log, and with a log too large for the disk.
  for (std::uint64_t log_bytes : {0u, 64u << 10, 8u << 20}) {
    CAPTURE(log_bytes);
    check_in_child(
        [&](const std::string& place) { return use_full_disk(place, {.log_bytes = log_bytes}); });
  }
}
#endif
