// LMDB: the contract, the growing map, and the files it makes. For their ownership see
// lmdb_owner_test.cpp.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stet/lmdb.hpp>
#include <stet/open.hpp>

#include "device_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::errc;
using stet_tests::temporary_directory;

namespace {

void check_contract(std::uint64_t log_bytes) {
  stet_tests::check_contract({"lmdb",
                              [&](const std::string& path) {
                                return stet::lmdb::open(
                                    path, {.map_bytes = 1 << 16, .log_bytes = log_bytes});
                              },
                              {}},
                             stet_tests::failing::writes_and_flushes);
}

}  // namespace

TEST_CASE("the LMDB store keeps the contract of a store") { check_contract(8u << 20); }

TEST_CASE("the LMDB store keeps it with a log that is soon full") { check_contract(64u << 10); }

TEST_CASE("the LMDB store keeps it without a log") { check_contract(0); }

namespace {

/// Commits values of 10 kB until one is refused as full. Returns how many were committed.
int fill(stet::store& s, int from = 0) {
  for (int i = from;; ++i) {
    auto e = error_of([&] { put(s, "fill" + std::to_string(10000 + i), std::string(10000, 'x')); });
    if (!e) continue;
    CHECK(e->code() == errc::full);
    CHECK(e->outcome() == stet::commit_outcome::refused);
    return i - from;
  }
}

mode_t mode_of(const std::string& path) {
  struct stat s{};
  REQUIRE(::stat(path.c_str(), &s) == 0);
  return s.st_mode & 07777;
}

}  // namespace

TEST_CASE("the files of an LMDB store are its owner's alone, whatever the umask") {
  for (mode_t mask : {0, 022, 0777}) {
    temporary_directory dir;
    mode_t before = ::umask(mask);
    auto s = stet::lmdb::open(dir / "s");
    put(*s, "k", "v");
    ::umask(before);
    for (const char* name : {"s", "s-lock", "s.owner", "s-log"}) {
      CHECK(mode_of(dir / name) == 0600);
    }
  }
}

TEST_CASE("the map of an LMDB store grows by itself, and the file opens with a smaller one") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s", {.map_bytes = 1});
  put(*s, "big", std::string(3 << 20, 'b'));  // many times the size of the map, in one batch
  for (int i = 0; i < 200; ++i) put(*s, std::to_string(i), std::string(10000, 'x'));
  s->close();
  s = stet::lmdb::open(dir / "s", {.map_bytes = 1});
  CHECK(s->get("big")->size() == 3u << 20);
  for (int i = 0; i < 200; ++i) CHECK(s->get(std::to_string(i))->size() == 10000);
}

TEST_CASE("a full LMDB store refuses, is read, is emptied, and goes on") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s", {.map_bytes = 1, .map_bytes_max = 2 << 20});
  int first = fill(*s);
  CHECK(first > 100);
  CHECK(fill(*s, 5000) == 0);
  CHECK(scanned(*s).size() == static_cast<std::size_t>(first));
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    batch_of().erase_range("fill", "fill12000").commit_to(*s);
    CHECK(scanned(*s).empty());
    CHECK(fill(*s) > first * 8 / 10);
  }
  batch_of().put("fill0", "mixed").erase_range("fill1", "fill2").commit_to(*s);
  CHECK(scanned(*s) == pairs{{"fill0", "mixed"}});
}

TEST_CASE("a full LMDB store has room again when it is opened with a larger limit") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s", {.map_bytes_max = 1 << 20});
  int first = fill(*s);
  s->close();
  s = stet::lmdb::open(dir / "s", {.map_bytes_max = 1 << 20});
  CHECK(fill(*s, first) <= 1);
  s->close();
  s = stet::lmdb::open(dir / "s", {.map_bytes_max = 2 << 20});
  CHECK(fill(*s, first) > first / 2);
}

TEST_CASE("what is no LMDB store is refused as corrupt, and left as it is") {
  temporary_directory dir;
  for (std::size_t size : {1u, 100u, 4096u, 100000u}) {
    std::ofstream(dir / "s") << std::string(size, 'x');
    auto e = error_of([&] { stet::lmdb::open(dir / "s"); });
    REQUIRE(e);
    CHECK(e->code() == errc::corrupt);
    CHECK(e->path() == dir / "s");
    CHECK(fs::file_size(dir / "s") == size);
    fs::remove(dir / "s");
  }
}

TEST_CASE("an LMDB store cut short is an error, not a SIGBUS") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s");
  for (int i = 0; i < 100; ++i) put(*s, std::to_string(i), std::string(1000, 'x'));
  s->close();
  auto whole = fs::file_size(dir / "s");
  for (auto size : {whole * 3 / 4, whole / 2, std::uintmax_t{8192}}) {
    CAPTURE(size);
    fs::resize_file(dir / "s", size);
    // Each read, and opening too, gives the right value or an error. The file lacks enough that
    // some reads are errors.
    int wrong = 0, corrupt = 0;
    auto count = [&](auto f) {
      auto e = error_of(f);
      if (e) ++(e->code() == errc::corrupt ? corrupt : wrong);
      return !e;
    };
    if (count([&] { s = stet::lmdb::open(dir / "s"); })) {
      for (int i = 0; i < 100; ++i) {
        count([&] { wrong += s->get(std::to_string(i)) != std::string(1000, 'x'); });
      }
    }
    CHECK(wrong == 0);
    CHECK(corrupt > 0);
    s->close();
  }
}

TEST_CASE("errors of opening an LMDB store name the path and what is wrong [S173]") {
  temporary_directory dir;
  auto text = [](const std::string& path) {
    auto e = error_of([&] { stet::lmdb::open(path); });
    return e ? std::string(e->what()) : "opened";
  };
  auto has = [](const std::string& all, const std::string& part) {
    INFO(all);
    CHECK(all.find(part) != std::string::npos);
  };
  has(text(dir / "missing/s"), dir / "missing/s: its directory");
  has(text(dir / "missing/s"), "No such file or directory");
  has(text(dir.path()), "it is a directory");
  has(text(dir.path() + "/"), "not the name of a file");
  has(text(""), "not the name of a file");
  has(text(dir / std::string(300, 'n')), "File name too long");
  CHECK(fs::is_empty(dir.path()));
  std::ofstream(dir / "plain") << "x";
  has(text(dir / "plain/s"), "Not a directory");
  has(text("/proc/stet"), "/proc/stet");
}

TEST_CASE("stet::open knows its schemes, and shows no password") {
  temporary_directory dir;
  CHECK(stet::open("memory:")->info().scheme == "memory");
  CHECK(stet::open("lmdb:" + (dir / "s"))->info().path == dir / "s");
  for (std::string url : {"postgres://joe:se:c/r@t@host/db", "postgres:host=h password=secr@t x=y",
                          "joe:se:c/r@t@host/db", "postgres:joe:se:c@host", "mysql://h/d?pw=secr",
                          "odbc:Server=h;PWD=secr;x=y", "nonsense", "", ":", "LMDB:x"}) {
    auto e = error_of([&] { stet::open(url); });
    REQUIRE(e);
    CHECK(e->code() == errc::usage);
    CHECK(std::string(e->what()).find("memory:, lmdb:") != std::string::npos);
    for (const char* part : {"se:c", "r@t", "secr"}) {
      CHECK(std::string(e->what()).find(part) == std::string::npos);
    }
  }
}
