// RocksDB on a device that fails: a full file system, and flushes and writes that return errors, in
// the foreground and in the background.
#include <doctest/doctest.h>

#if defined(__linux__)
#include <rocksdb/file_system.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stet/rocksdb.hpp>
#include <thread>

#include "backends/rocksdb/own_files.hpp"
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

const stet::rocksdb::options small{.memtable_bytes = 1};  // which means 1 MiB

}  // namespace

TEST_CASE("a sync commit of RocksDB costs one flush; one that isn't costs none") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s");
  put(*s, "first", "v");
  long before = flushes;
  for (int i = 0; i < 10; ++i) put(*s, std::to_string(i), std::string(1000, 'x'));
  CHECK(flushes == before + 10);
  for (int i = 0; i < 10; ++i) {
    batch_of().put(std::to_string(i), "y").commit_to(*s, stet::durability::process);
  }
  CHECK(flushes == before + 10);
  batch_of().commit_to(*s);  // makes earlier commits durable
  batch_of().commit_to(*s);
  CHECK(flushes == before + 11);
}

TEST_CASE("after a failed flush a RocksDB store is poisoned until it is opened anew") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s");
  put(*s, "a", "1");
  failure = EIO;
  flushes_left = 0;
  auto e = error_of([&] { put(*s, "b", "2"); });
  flushes_left = -1;
  REQUIRE(e);
  CHECK(e->code() == errc::store);
  CHECK(e->native() != 0);
  CHECK(e->outcome() == commit_outcome::unknown);
  check_poisoned(*s);
  s->close();
  s = stet::rocksdb::open(dir / "s");
  CHECK(s->get("a") == "1");
  put(*s, "c", "3");
}

TEST_CASE("a file of RocksDB's takes nothing once its store has ended") {
  temporary_directory dir;
  stet::rocksdb::own_files files;
  std::unique_ptr<rocksdb::WritableFile> made, reopened;
  REQUIRE(files.NewWritableFile(dir / "made", &made, {}).ok());
  REQUIRE(files.ReopenWritableFile(dir / "reopened", &reopened, {}).ok());
  for (auto* f : {made.get(), reopened.get()}) REQUIRE(f->Append("all that stands").ok());
  files.end();
  for (auto* f : {made.get(), reopened.get()}) {
    CHECK_FALSE(f->Append("more").ok());
    CHECK_FALSE(f->Append("more", rocksdb::DataVerificationInfo()).ok());
    CHECK_FALSE(f->PositionedAppend("more", 15).ok());
    CHECK_FALSE(f->PositionedAppend("more", 15, rocksdb::DataVerificationInfo()).ok());
    CHECK(f->Close().ok());
  }
  for (auto* name : {"made", "reopened"}) CHECK(std::filesystem::file_size(dir / name) == 15);
}

TEST_CASE("a write to RocksDB's log that fails or is cut short leaves nothing in part") {
  for (int how : {EIO, ENOSPC, EDQUOT, EFBIG}) {
    for (long room : {0, 1, 20, 5000}) {
      CAPTURE(how);
      CAPTURE(room);
      temporary_directory dir;
      auto s = stet::rocksdb::open(dir / "s");
      put(*s, "a", "1");
      failure = how;
      room_left = room;
      failing_files = ".log";
      auto e = error_of([&] {
        batch_of().put("b", "2").put("c", std::string(9000, '3')).put("d", "4").commit_to(*s);
      });
      failing_files = nullptr;
      room_left = -1;
      REQUIRE(e);
      CHECK(e->code() == (how == EIO ? errc::store : errc::full));
      CHECK(e->outcome() == (how == EIO ? commit_outcome::unknown : commit_outcome::refused));
      if (how == EIO) check_poisoned(*s);
      else CHECK(scanned(*s) == pairs{{"a", "1"}});
      s->close();
      s = stet::rocksdb::open(dir / "s");
      CHECK(scanned(*s) == pairs{{"a", "1"}});
      put(*s, "e", "5");
    }
  }
}

namespace {

/// Commits values of 100 kB until one fails, at most a hundred. Holds how many were committed, and
/// the error.
struct filled {
  int count = 0;
  std::optional<stet::store_error> error;
};
filled fill(stet::store& s, int from = 0) {
  filled f;
  for (; f.count < 100 && !f.error; f.count += !f.error) {
    f.error =
        error_of([&] { put(s, std::to_string(1000 + from + f.count), std::string(100'000, 'x')); });
  }
  return f;
}

}  // namespace

TEST_CASE("when RocksDB has no room for its sorted files commits are refused, then go on") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s", small);
  failure = ENOSPC;
  failing_files = ".sst";
  auto first = fill(*s);
  REQUIRE(first.error);
  CHECK(first.error->code() == errc::full);
  CHECK(first.error->outcome() == commit_outcome::refused);
  CHECK(refused_as(errc::full, [&] { put(*s, "again", "v"); }));
  CHECK(scanned(*s).size() == static_cast<std::size_t>(first.count));
  CHECK(!s->get("again"));
  failing_files = nullptr;
  // RocksDB looks for room every few seconds.
  for (int i = 0; i < 600 && error_of([&] { put(*s, "again", "v"); }); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  CHECK(s->get("again") == "v");
  auto more = fill(*s, first.count);
  CHECK(!more.error);
  s->close();
  s = stet::rocksdb::open(dir / "s", small);
  CHECK(scanned(*s).size() == static_cast<std::size_t>(first.count + more.count + 1));
}

TEST_CASE("when RocksDB can't write its sorted files commits are refused until it is reopened") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s", small);
  failure = EIO;
  failing_files = ".sst";
  auto first = fill(*s);
  failing_files = nullptr;
  REQUIRE(first.error);
  CHECK(first.error->code() == errc::store);
  CHECK(first.error->outcome() == commit_outcome::refused);
  CHECK(refused_as(errc::store, [&] { put(*s, "again", "v"); }));
  CHECK(scanned(*s).size() == static_cast<std::size_t>(first.count));
  error_of([&] { s->close(); });
  s = stet::rocksdb::open(dir / "s", small);
  CHECK(scanned(*s).size() == static_cast<std::size_t>(first.count));
  put(*s, "again", "v");
}

namespace {

/// Fills the store until it takes no more values, even after RocksDB has merged its files. Returns
/// how many were committed, or a negative number if an error was wrong.
int fill_up(stet::store& s) {
  int count = 0;
  for (int refused = 0; refused < 5;) {
    auto f = fill(s, count);
    if (!f.error || f.error->code() != errc::full || f.error->native() != ENOSPC ||
        f.error->outcome() != commit_outcome::refused) {
      return -1;
    }
    refused = f.count == 0 ? refused + 1 : 0;
    count += f.count;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return count;
}

/// Call it in a child, with a small file system of its own. Returns "fine" or what is wrong.
std::string use_full_disk(const std::string& place) {
  if (!mount_alone(place, "size=10m")) return "skip";
  auto s = stet::rocksdb::open(place + "/s", small);
  const int count = fill_up(*s);
  if (count < 10) return "not full, or wrongly";
  if (scanned(*s).size() != static_cast<std::size_t>(count)) return "reads";
  // A commit that erases may use the room that is kept for it.
  if (error_of([&] { batch_of().erase_range("1000", "1005").put("marks", "v").commit_to(*s); })) {
    return "can't erase";
  }
  if (!remount(place, "size=64m")) return "remount";
  put(*s, "again", "v");
  s->close();
  s = stet::rocksdb::open(place + "/s", small);
  return scanned(*s).size() == static_cast<std::size_t>(count) - 3 ? "fine" : "reopened";
}

std::string use_read_only_disk(const std::string& place) {
  if (!mount_alone(place, "size=16m")) return "skip";
  stet::rocksdb::open(place + "/s", small)->close();
  if (::mount("tmpfs", place.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
    return "remount";
  }
  auto e = error_of([&] { stet::rocksdb::open(place + "/s"); });
  return e && e->code() == errc::store && e->native() == EROFS ? "fine" : "opened";
}

}  // namespace

TEST_CASE("on a full disk a RocksDB commit is refused, and with room the same store goes on") {
  check_in_child(use_full_disk);
}

TEST_CASE("on a disk that can't be written a RocksDB store isn't opened [S173]") {
  check_in_child(use_read_only_disk);
}
#endif
