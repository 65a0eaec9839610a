// RocksDB: the contract, the files it makes, and the directories that it refuses to open. For
// ownership see rocksdb_owner_test.cpp, for damage rocksdb_damage_test.cpp.
#include <doctest/doctest.h>
#include <rocksdb/comparator.h>
#include <rocksdb/db.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <stet/open.hpp>
#include <stet/rocksdb.hpp>

#include "device_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::errc;
using stet_tests::temporary_directory;

namespace {

void check_contract(const stet::rocksdb::options& o) {
  stet_tests::check_contract(
      {"rocksdb", [&](const std::string& path) { return stet::rocksdb::open(path, o); }, {}},
      stet_tests::failing::flushes);
}

}  // namespace

TEST_CASE("the RocksDB store keeps the contract of a store") { check_contract({}); }

TEST_CASE("the RocksDB store keeps it with a memory that is soon full") {
  check_contract({.memtable_bytes = 1, .cache_bytes = 0});
}

namespace {

mode_t mode_of(const std::string& path) {
  struct stat s{};
  REQUIRE(::stat(path.c_str(), &s) == 0);
  return s.st_mode & 07777;
}

std::string text_of_open(const std::string& path) {
  auto e = error_of([&] { stet::rocksdb::open(path); });
  return e ? std::string(e->what()) : "opened";
}

void check_has(const std::string& all, const std::string& part) {
  INFO(all);
  CHECK(all.find(part) != std::string::npos);
}

std::size_t files_with(const std::string& directory, const std::string& end) {
  std::size_t n = 0;
  for (const auto& e : fs::directory_iterator(directory)) n += e.path().string().ends_with(end);
  return n;
}

/// Commits 4 MB in values of 100 kB.
void fill(stet::store& s) {
  for (int i = 0; i < 40; ++i) put(s, "k" + std::to_string(i), std::string(100000, 'x'));
}

}  // namespace

TEST_CASE("a RocksDB store is its owner's alone, whatever the umask") {
  for (mode_t mask : {0, 022, 077}) {
    temporary_directory dir;
    mode_t before = ::umask(mask);
    auto s = stet::rocksdb::open(dir / "s");
    put(*s, "k", "v");
    ::umask(before);
    CHECK(mode_of(dir / "s") == 0700);
    CHECK(mode_of(dir / "s.owner") == 0600);
  }
  temporary_directory dir;
  fs::create_directory(dir / "s");
  ::chmod((dir / "s").c_str(), 0755);
  stet::rocksdb::open(dir / "s")->close();
  CHECK(mode_of(dir / "s") == 0700);
}

TEST_CASE("a RocksDB store writes sorted files when its memory is full, and keeps no diary") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s", {.memtable_bytes = 1});
  fill(*s);
  s->close();
  CHECK(files_with(dir / "s", ".sst") > 0);
  CHECK(!fs::exists(dir / "s/LOG"));
  for (int i = 0; i < 5; ++i) {
    s = stet::rocksdb::open(dir / "s");
    CHECK(scanned(*s).size() == 40);
    put(*s, "more" + std::to_string(i), "v");
    batch_of().erase("more" + std::to_string(i)).commit_to(*s);
    s->close();
  }
  CHECK(files_with(dir / "s", ".log") == 1);
  std::size_t settings = 0;
  for (const auto& e : fs::directory_iterator(dir / "s")) {
    settings += e.path().filename().string().starts_with("OPTIONS-");
  }
  CHECK(settings <= 2);
}

TEST_CASE("commits that come faster than RocksDB makes files of them wait, and none fails") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s", {.memtable_bytes = 1});
  const std::string value(256 << 10, 'x');
  constexpr int count = 200;  // 50 MB, of which 2 MB fit in memory
  for (int i = 0; i < count; ++i) {
    batch_of().put("k" + std::to_string(i), value).commit_to(*s, stet::durability::process);
  }
  CHECK(scanned(*s).size() == count);
}

TEST_CASE("what a RocksDB store erased gives its room back") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s", {.memtable_bytes = 1});
  const std::string value(64 << 10, 'x');
  std::uintmax_t most = 0;
  for (int i = 0; i < 1000; ++i) {  // 64 MB in all, at most 1 MB at any time
    batch_of b;
    b.put("j" + std::to_string(10000 + i), value);
    if (i % 16 == 15) b.erase_range("j", "j" + std::to_string(10000 + i - 16));
    b.commit_to(*s, stet::durability::process);
    std::uintmax_t bytes = 0;
    std::error_code gone;
    for (const auto& e : fs::directory_iterator(dir / "s")) {
      auto size = e.file_size(gone);
      if (!gone) bytes += size;
    }
    most = std::max(most, bytes);
  }
  CHECK(most < 32u << 20);
  CHECK(scanned(*s).size() <= 33);
}

TEST_CASE("a directory that is no RocksDB store is refused, and left as it is") {
  temporary_directory dir;
  fs::create_directory(dir / "photos");
  std::ofstream(dir / "photos/cat.jpg") << "cat";
  auto e = error_of([&] { stet::rocksdb::open(dir / "photos"); });
  REQUIRE(e);
  CHECK(e->code() == errc::corrupt);
  CHECK(e->path() == dir / "photos");
  check_has(e->what(), "cat.jpg");
  CHECK(std::distance(fs::directory_iterator(dir / "photos"), fs::directory_iterator()) == 1);
  // A process that ended while it made a store leaves these files. They are a store.
  fs::create_directory(dir / "begun");
  for (const char* name : {"LOCK", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"}) {
    std::ofstream(dir / "begun/" + name) << "";
  }
  CHECK(text_of_open(dir / "begun") == "opened");
}

TEST_CASE("another program's RocksDB store is refused as corrupt") {
  temporary_directory dir;
  rocksdb::Options o;
  o.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  o.comparator = rocksdb::ReverseBytewiseComparator();
  REQUIRE(rocksdb::DB::Open(o, dir / "order", &raw).ok());
  delete raw;
  o.comparator = rocksdb::BytewiseComparator();
  REQUIRE(rocksdb::DB::Open(o, dir / "families", &raw).ok());
  rocksdb::ColumnFamilyHandle* family = nullptr;
  REQUIRE(raw->CreateColumnFamily({}, "family", &family).ok());
  raw->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  delete raw;
  for (const char* name : {"order", "families"}) {
    auto e = error_of([&] { stet::rocksdb::open(dir / name); });
    REQUIRE(e);
    CHECK(e->code() == errc::corrupt);
    CHECK(e->native() != 0);
  }
  check_has(text_of_open(dir / "order"), "omparator");
  check_has(text_of_open(dir / "families"), "olumn famil");
}

TEST_CASE("errors of opening a RocksDB store name the path and what is wrong [S173]") {
  temporary_directory dir;
  check_has(text_of_open(dir / "missing/s"), dir / "missing/s: its directory");
  check_has(text_of_open(dir / "missing/s"), "No such file or directory");
  for (const char* name : {"", "/", ".", "..", "a/.."}) {
    check_has(text_of_open(name), "not the name of a directory");
  }
  check_has(text_of_open(dir / std::string(300, 'n')), "File name too long");
  CHECK(fs::is_empty(dir.path()));
  std::ofstream(dir / "plain") << "x";
  check_has(text_of_open(dir / "plain"), "it is not a directory");
  check_has(text_of_open(dir / "plain/s"), "Not a directory");
  check_has(text_of_open("/proc/stet"), "/proc/stet");
}

TEST_CASE("stet::open knows RocksDB by its scheme") {
  temporary_directory dir;
  auto s = stet::open("rocksdb:" + (dir / "s"));
  CHECK(s->info().scheme == "rocksdb");
  CHECK(s->info().path == dir / "s");
}
