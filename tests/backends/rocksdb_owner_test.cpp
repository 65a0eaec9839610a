// Ownership of a RocksDB directory: other names, other processes, forks, planted links, removed
// directories, other programs.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stet/rocksdb.hpp>

#include "tests/backends/owner_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::errc;
using stet_tests::child_process;
using stet_tests::has;
using stet_tests::temporary_directory;

namespace {

const stet_tests::file_store kKind{
    "rocksdb", [](const std::string& path) { return stet::rocksdb::open(path); }, {}};

std::string try_open(const std::string& path) { return kKind.try_open(path); }

}  // namespace

TEST_CASE("one RocksDB directory is opened once in a process, by whatever name") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s");
  put(*s, "a", "1");
  fs::create_symlink(dir / "s", dir / "soft");
  fs::create_symlink(dir.path(), dir / "d");
  for (const char* name : {"s", "s/", "soft", "d/s", "./s", "d/./s//"}) {
    has(try_open(dir / name), "conflict: ");
    has(try_open(dir / name), "in this process");
  }
  auto before = fs::current_path();
  fs::current_path(dir.path());
  has(try_open("s"), "conflict: ");
  fs::current_path(before);
  // Another process sees that the locks are still held.
  child_process other([&](int pipe) { child_process::tell(pipe, try_open(dir / "s")); });
  has(other.hear_all(), "in use by process " + std::to_string(::getpid()));
  put(*s, "b", "2");
  s->close();
  CHECK(try_open(dir / "soft") == "opened");
}

TEST_CASE(
    "another process that has the RocksDB directory is named by its pid, and its death frees it "
    "[S169]") {
  temporary_directory dir;
  child_process holder([&](int pipe) {
    auto s = stet::rocksdb::open(dir / "s");
    put(*s, "a", "1");
    child_process::tell(pipe, "ready");
    ::pause();
  });
  REQUIRE(holder.hear() == "ready");
  has(try_open(dir / "s"), "conflict: rocksdb open " + (dir / "s"));
  has(try_open(dir / "s"), "in use by process " + std::to_string(holder.pid()));
  fs::create_symlink(dir / "s", dir / "soft");
  has(try_open(dir / "soft"), "conflict: ");
  holder.kill();
  auto s = stet::rocksdb::open(dir / "s");  // takes over the stale note
  CHECK(s->get("a") == "1");
  put(*s, "b", "2");
}

TEST_CASE("a program that has the RocksDB directory open without Stet is a conflict") {
  temporary_directory dir;
  stet::rocksdb::open(dir / "s")->close();
  auto open_without_stet = [&] {
    rocksdb::DB* db = nullptr;
    auto s = rocksdb::DB::Open({}, dir / "s", &db);
    if (!s.ok()) throw std::runtime_error(s.ToString());
    return std::unique_ptr<rocksdb::DB>(db);
  };
  child_process other([&](int pipe) {
    auto db = open_without_stet();
    child_process::tell(pipe, "ready");
    ::pause();
  });
  REQUIRE(other.hear() == "ready");
  has(try_open(dir / "s"), "conflict: ");
  has(try_open(dir / "s"), "LOCK");
  other.kill();
  auto here = open_without_stet();
  has(try_open(dir / "s"), "conflict: ");
  here.reset();
  CHECK(try_open(dir / "s") == "opened");
}

TEST_CASE("in a forked child the RocksDB store is an error, and its end disturbs nobody [S170]") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s");
  put(*s, "a", "1");
  child_process child([&](int pipe) {
    auto told = [&](std::optional<stet::store_error> e) {
      child_process::tell(pipe, e ? std::string(e->what()) + "\n" : "no error\n");
    };
    told(error_of([&] { (void)s->get("a"); }));
    told(error_of([&] { (void)scanned(*s); }));
    told(error_of([&] { put(*s, "b", "2"); }));
    child_process::tell(pipe, try_open(dir / "s") + "\n");
    s->close();
    s.reset();
    child_process::tell(pipe, try_open(dir / "s") + "\n");
  });
  std::string all = child.hear_all();
  CHECK(child.wait() == 0);
  CAPTURE(all);
  CHECK(all.find("no error") == std::string::npos);
  has(all, "rocksdb commit " + (dir / "s") + ": the store belongs to the process that opened it");
  has(all, "conflict: ");
  CHECK(all.find("opened\n") == std::string::npos);
  put(*s, "c", "3");
  CHECK(scanned(*s) == pairs{{"a", "1"}, {"c", "3"}});
  child_process other([&](int pipe) { child_process::tell(pipe, try_open(dir / "s")); });
  has(other.hear_all(), "in use by process");
}

TEST_CASE(
    "a forked child that lives on doesn't keep the RocksDB directory locked after its parent's "
    "death") {
  temporary_directory dir;
  child_process parent([&](int pipe) {
    auto s = stet::rocksdb::open(dir / "s");
    put(*s, "a", "1");
    pid_t grandchild = ::fork();
    if (grandchild == 0) {
      child_process::tell(pipe, std::to_string(::getpid()));  // the fork handlers have run
      ::pause();
      ::_exit(0);
    }
    ::pause();
  });
  pid_t grandchild = std::stoi(parent.hear());
  has(try_open(dir / "s"), "conflict: ");
  parent.kill();
  CHECK(try_open(dir / "s") == "opened");
  ::kill(grandchild, SIGKILL);
}

TEST_CASE("a forked child opens RocksDB stores of its own, whatever its parent has open") {
  temporary_directory dir;
  auto use = [&](const std::string& name) {
    auto s = stet::rocksdb::open(dir / name, {.memtable_bytes = 1});
    // Four times the memory for writes: this works only if threads write it to files.
    for (int i = 0; i < 40; ++i) put(*s, std::to_string(i), std::string(100'000, 'x'));
    const auto n = scanned(*s).size();
    s->close();
    return std::to_string(n);
  };
  auto check_child = [&](const std::string& name) {
    child_process child([&](int pipe) { child_process::tell(pipe, use(name)); });
    CHECK(child.hear_all() == "40");
  };
  CHECK(use("before") == "40");
  check_child("after");
  auto s = stet::rocksdb::open(dir / "s");
  put(*s, "a", "1");
  check_child("beside");
  put(*s, "b", "2");
  CHECK(scanned(*s).size() == 2);
}

#if defined(__linux__)
TEST_CASE("the threads of a RocksDB store end with it") {
  auto threads = [] {
    return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
  };
  temporary_directory dir;
  const auto before = threads();
  auto s = stet::rocksdb::open(dir / "s");
  put(*s, "a", "1");
  CHECK(threads() > before);
  s->close();
  CHECK(threads() == before);
}
#endif

TEST_CASE("a RocksDB store that vanishes under its engine is noticed at the next commit [S163]") {
  for (bool replaced : {false, true}) {
    temporary_directory dir;
    auto s = stet::rocksdb::open(dir / "s");
    put(*s, "a", "1");
    fs::rename(dir / "s", dir / "moved");
    if (replaced) fs::create_directory(dir / "s");
    CHECK(refused_as(errc::store, [&] { put(*s, "b", "2"); }));
    auto e = error_of([&] { (void)s->get("a"); });
    REQUIRE(e);
    has(e->what(), "deleted, renamed or replaced");
    s->close();
    // The store isn't silently made anew either.
    has(try_open(dir / "s"), replaced ? "the directory is empty" : "the directory is gone");
    CHECK(fs::exists(dir / "s") == replaced);
    if (replaced) fs::remove(dir / "s");
    fs::rename(dir / "moved", dir / "s");
    CHECK(stet::rocksdb::open(dir / "s")->get("a") == "1");
    fs::remove_all(dir / "s");
    fs::remove(dir / "s.owner");
    CHECK(scanned(*stet::rocksdb::open(dir / "s")).empty());
  }
}

TEST_CASE("nothing of a RocksDB store is created through a planted symbolic link") {
  for (const char* name : {"s", "s.owner"}) {
    CAPTURE(name);
    temporary_directory dir;
    fs::create_symlink(dir / "victim", dir / name);
    has(try_open(dir / "s"), "symbolic link");
    CHECK(!fs::exists(dir / "victim"));
  }
  for (const char* name : {"LOCK", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"}) {
    CAPTURE(name);
    temporary_directory dir;
    fs::create_directory(dir / "s");
    std::ofstream(dir / "victim") << "precious";
    fs::create_symlink(dir / "victim", dir / "s/" + name);
    has(try_open(dir / "s"), "holds other things");
    CHECK(fs::file_size(dir / "victim") == 8);
  }
}

TEST_CASE("no descriptor of a RocksDB store passes to an executed program") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s", {.memtable_bytes = 1});
  for (int i = 0; i < 40; ++i) put(*s, std::to_string(i), std::string(100000, 'x'));
  CHECK(scanned(*s).size() == 40);
  int seen = 0;
  for (const auto& entry : fs::directory_iterator("/dev/fd")) {
    int fd = std::stoi(entry.path().filename().string());
    std::error_code ignored;
    auto target = fs::read_symlink(entry.path(), ignored).string();
    CAPTURE(target);
    if (target.find(dir.path()) != 0) continue;
    ++seen;
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(seen >= 4);  // the note, the directory, RocksDB's lock and its log
}
