// SQLite: the contract, the log, and the files it makes. For ownership see sqlite_owner_test.cpp.
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stet/open.hpp>
#include <stet/sqlite.hpp>
#include <thread>

#include "device_cases.hpp"
#include "leave_open.hpp"
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

const stet::sqlite::options small{.wal_bytes = 64u << 10};

void check_contract(const stet::sqlite::options& o) {
  stet_tests::check_contract(
      {"sqlite", [&](const std::string& path) { return stet::sqlite::open(path, o); }, {}},
      stet_tests::failing::writes_and_flushes);
}

std::vector<std::string> files_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& f : fs::directory_iterator(path)) names.push_back(f.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

mode_t mode_of(const std::string& path) {
  struct stat s{};
  REQUIRE(::stat(path.c_str(), &s) == 0);
  return s.st_mode & 07777;
}

/// The text of the error that opening gives, after "code: ".
std::string error_text(const std::string& path) {
  auto e = error_of([&] { stet::sqlite::open(path); });
  if (!e) return "opened";
  const char* code = e->code() == errc::corrupt ? "corrupt: " : "other: ";
  return code + std::string(e->what());
}

}  // namespace

TEST_CASE("the SQLite store keeps the contract of a store") { check_contract({}); }

TEST_CASE("the SQLite store keeps it with a log that is soon long") { check_contract(small); }

TEST_CASE("the files of an SQLite store are its owner's alone, whatever the umask") {
  for (mode_t mask : {0, 022, 0777}) {
    temporary_directory dir;
    mode_t before = ::umask(mask);
    auto s = stet::sqlite::open(dir / "s");
    put(*s, "k", "v");
    ::umask(before);
    CHECK(files_in(dir.path()) == std::vector<std::string>{"s", "s-shm", "s-wal", "s.owner"});
    for (const auto& name : files_in(dir.path())) CHECK(mode_of(dir / name) == 0600);
  }
}

TEST_CASE("a closed SQLite store is one file, and a copy of it is a store") {
  temporary_directory dir;
  for (const auto& o : {small, stet::sqlite::options{}}) {
    auto s = stet::sqlite::open(dir / "s", o);
    for (int i = 0; i < 100; ++i) put(*s, std::to_string(i), std::string(3000, 'x'));
    s->close();
    CHECK(files_in(dir.path()) == std::vector<std::string>{"s", "s.owner"});
    fs::create_directory(dir / "copy");
    fs::copy_file(dir / "s", dir / "copy/s");
    CHECK(scanned(*stet::sqlite::open(dir / "copy/s", o)).size() == 100);
    fs::remove_all(dir / "copy");
  }
}

TEST_CASE("after a crash an SQLite store is its file and its log, and opening makes it one") {
  temporary_directory dir;
  stet_tests::leave_open([&] { return stet::sqlite::open(dir / "s", small); },
                         [](stet::store& s) {
                           for (int i = 0; i < 30; ++i) {
                             put(s, std::to_string(i), std::string(3000, 'x'));
                           }
                         });
  fs::create_directory(dir / "copy");
  for (const char* name : {"s", "s-wal"})
    fs::copy_file(dir / name, dir / ("copy/" + std::string(name)));
  for (const char* place : {"s", "copy/s"}) {
    REQUIRE(fs::file_size(dir / place + "-wal") > 0);
    auto s = stet::sqlite::open(dir / place);
    CHECK(fs::file_size(dir / place + "-wal") == 0);
    CHECK(scanned(*s).size() == 30);
  }
}

TEST_CASE("the log of an SQLite store is moved when it is long, also while others keep reading") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s", small);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) (void)scanned(*s, {}, {}, false, 100);
    });
  }
  std::uintmax_t longest = 0;
  for (int i = 0; i < 300; ++i) {
    put(*s, std::to_string(i % 50), std::string(8000, 'x'));
    longest = std::max(longest, fs::file_size(dir / "s-wal"));
  }
  done = true;
  for (auto& r : readers) r.join();
  CHECK(longest < 6u * (64u << 10));  // at four times the length, commits wait for readers
  CHECK(scanned(*s).size() == 50);
}

TEST_CASE("SQLite stores hold values of many megabytes") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s", small);
  CHECK(s->info().value_bytes_max > 900'000'000u);
  std::string big(20u << 20, 'b');
  big.back() = '\0';
  put(*s, "big", big);
  put(*s, "small", "v");
  CHECK((s->get("big") == big));
  batch_of().erase("big").commit_to(*s);
  CHECK(scanned(*s) == pairs{{"small", "v"}});
}

TEST_CASE("what is no SQLite file is refused as corrupt, and left as it is") {
  temporary_directory dir;
  // (SQLite takes a file of one byte for an empty one.)
  for (std::size_t size : {2u, 100u, 4096u, 100000u}) {
    CAPTURE(size);
    const std::string text(size, 'x');
    std::ofstream(dir / "s") << text;
    auto e = error_of([&] { stet::sqlite::open(dir / "s"); });
    REQUIRE(e);
    CHECK(e->code() == errc::corrupt);
    CHECK(e->native() == SQLITE_NOTADB);
    CHECK(e->path() == dir / "s");
    std::ifstream in(dir / "s");
    CHECK((std::string(std::istreambuf_iterator<char>(in), {}) == text));
    fs::remove(dir / "s");
  }
}

TEST_CASE("an SQLite store cut short anywhere is refused as corrupt") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s");
  for (int i = 0; i < 100; ++i) put(*s, std::to_string(i), std::string(1000, 'x'));
  s->close();
  auto whole = fs::file_size(dir / "s");
  for (auto size : {whole - 1, whole - 4095, whole - 4096, whole / 2, std::uintmax_t{4096},
                    std::uintmax_t{100}}) {
    CAPTURE(size);
    fs::copy_file(dir / "s", dir / "t");
    fs::resize_file(dir / "t", size);
    has(error_text(dir / "t"), "corrupt: ");
    fs::remove(dir / "t");
  }
}

TEST_CASE("pages of an SQLite store that are overwritten are errors or right, and no crash") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s");
  for (int i = 0; i < 100; ++i) put(*s, std::to_string(i), std::string(1000, 'x'));
  s->close();
  auto whole = fs::file_size(dir / "s");
  int corrupt = 0;
  for (std::uintmax_t page = 1; page < whole / 4096; ++page) {
    fs::copy_file(dir / "s", dir / "t", fs::copy_options::overwrite_existing);
    fs::remove(dir / "t.owner");
    {
      std::fstream f(dir / "t", std::ios::in | std::ios::out);
      f.seekp(static_cast<std::streamoff>(page * 4096)) << std::string(4096, '\0');
    }
    auto e = error_of([&] {
      auto t = stet::sqlite::open(dir / "t");
      for (int i = 0; i < 100; ++i) {
        bool is_right = t->get(std::to_string(i)) == std::string(1000, 'x');
        CHECK(is_right);
      }
    });
    if (!e) continue;
    CHECK(e->code() == errc::corrupt);
    ++corrupt;
  }
  CHECK(corrupt > 20);
}

TEST_CASE("errors of opening an SQLite store name the path and what is wrong [S173]") {
  temporary_directory dir;
  has(error_text(dir / "missing/s"), "sqlite open " + dir / "missing/s: its directory");
  has(error_text(dir / "missing/s"), "No such file or directory");
  has(error_text(dir.path()), "it is a directory");
  has(error_text(dir.path() + "/"), "not the name of a file");
  has(error_text(""), "not the name of a file");
  has(error_text(dir / std::string(300, 'n')), "File name too long");
  CHECK(fs::is_empty(dir.path()));
  std::ofstream(dir / "plain") << "x";
  has(error_text(dir / "plain/s"), "Not a directory");
}

TEST_CASE("what may not be written can't be opened as an SQLite store, and says why [S173]") {
  temporary_directory dir;
  stet::sqlite::open(dir / "s")->close();
  child_process child([&](int pipe) {
    fs::permissions(dir.path(), fs::perms(0500));
    if (::getuid() == 0 &&
        (::chown(dir.path().c_str(), 65534, 65534) != 0 || ::setuid(65534) != 0)) {
      ::_exit(6);
    }
    child_process::tell(pipe, error_text(dir / "new") + "\n" + error_text(dir / "s"));
  });
  auto all = child.hear_all();
  has(all, "other: sqlite open " + dir / "new: can't open");
  has(all, "other: sqlite open " + dir / "s: can't open");
  has(all, "file and directory must be writable");
  fs::permissions(dir.path(), fs::perms(0700));
}

TEST_CASE("stet::open opens an SQLite store by its name") {
  temporary_directory dir;
  auto s = stet::open("sqlite:" + dir / "s");
  CHECK(s->info().scheme == "sqlite");
  CHECK(s->info().path == dir / "s");
  auto e = error_of([&] { stet::open("nonsense:x"); });
  REQUIRE(e);
  has(e->what(), "sqlite:");
}
