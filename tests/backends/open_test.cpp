// stet::open, and the tools that take a URL: a mistyped place is an error and leaves no file, and
// no URL means another place than a person would think.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <stet/open.hpp>
#include <stet/stet.hpp>

#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using stet::errc;
using stet_conformance::error_of;
using stet_tests::temporary_directory;

namespace {

inline constexpr stet::workflow<int()> Work{"work"};

const std::vector<std::string> schemes = {
#if STET_TESTS_HAVE_LMDB
    "lmdb",
#endif
#if STET_TESTS_HAVE_ROCKSDB
    "rocksdb",
#endif
#if STET_TESTS_HAVE_SQLITE
    "sqlite",
#endif
};

void make_store(const std::string& url) {
  stet::engine e(stet::open(url), {.threads = 0});
  e.define(Work, [](stet::context&) -> stet::task<int> { co_return 1; });
  e.start();
  (void)e.start(Work, "w");
  e.run_until_idle();
  e.close();
}
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> all;
  for (auto& one : fs::directory_iterator(folder)) all.push_back(one.path().filename().string());
  return all;
}
/// An SQLite file as SQLite has made it before the first table.
std::string database_without_tables() {
  std::string page(4096, '\0');
  auto put = [&](std::size_t at, std::initializer_list<int> bytes) {
    for (int b : bytes) page[at++] = static_cast<char>(b);
  };
  page.replace(0, 15, "SQLite format 3");
  put(16, {0x10, 0, 1, 1, 0, 64, 32, 32, 0, 0, 0, 1, 0, 0, 0, 1});  // a page has 4096 bytes
  put(59, {1});                                                     // UTF-8
  put(100, {0x0d, 0, 0, 0, 0, 0x10, 0});                            // a leaf without cells
  return page;
}
bool says(const std::optional<stet::store_error>& e, const std::string& part) {
  return e && std::string(e->what()).find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a reader of a store that doesn't exist gets an error, and no file is made") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir, target;
    const auto url = scheme + ":" + (dir / "typo"), deeper = scheme + ":" + (dir / "no/typo");
    for (auto& one : {url, deeper}) {
      for (auto& e : {error_of([&] { (void)stet::open(one, {.create = false}); }),
                      error_of([&] { (void)stet::check(one); }),
                      error_of([&] { (void)stet::copy(one, scheme + ":" + (target / "s")); })}) {
        REQUIRE(e);
        CHECK(e->code() == errc::not_found);
        CHECK(says(e, "there is no store at " + one.substr(scheme.size() + 1)));
      }
    }
    CHECK(names_in(dir.path()).empty());
    CHECK(names_in(target.path()).empty());
  }
}

TEST_CASE("the error names the absolute path") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir;
    const auto before = fs::current_path();
    fs::current_path(dir.path());
    auto e = error_of([&] { (void)stet::check(scheme + ":typo"); });
    auto deeper = error_of([&] { (void)stet::check(scheme + ":no/typo"); });
    fs::current_path(before);
    CHECK(says(e, "there is no store at " + fs::canonical(dir.path()).string() + "/typo"));
    CHECK(says(deeper, "there is no store at " + fs::canonical(dir.path()).string() + "/no/typo"));
  }
}

TEST_CASE("a place with nothing in it is no store for a reader") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir;
    const bool is_folder = scheme == "rocksdb";
    if (is_folder) fs::create_directory(dir / "empty");
    else std::ofstream(dir / "empty") << "";
    fs::create_symlink(dir / "nothing", dir / "link");
    for (auto* name : {"empty", "link"}) {
      CAPTURE(name);
      auto e = error_of([&] { (void)stet::check(scheme + ":" + (dir / name)); });
      REQUIRE(e);
      CHECK(e->code() == errc::not_found);
    }
    CHECK(names_in(dir.path()).size() == 2);
  }
}

TEST_CASE("a reader opens a store that exists, and is told of one that is gone") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir;
    const auto url = scheme + ":" + (dir / "s"), copied = scheme + ":" + (dir / "copy");
    make_store(url);
    CHECK(stet::check(url).ok());
    CHECK(stet::check(url).runs == 1);
    CHECK(stet::copy(url, copied).keys > 0);
    CHECK(stet::check(copied).runs == 1);
    fs::remove(dir / "s.owner");  // a store that was restored from a backup has no such note
    CHECK(stet::check(url).ok());
    fs::remove_all(dir / "s");
    auto e = error_of([&] { (void)stet::check(url); });
    REQUIRE(e);
    CHECK(e->code() == errc::corrupt);
    CHECK(says(e, "is gone"));
  }
}

TEST_CASE("a reader of a file that is no store leaves nothing beside it") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir;
    const std::string text(8192, 'x');
    if (scheme == "rocksdb") fs::create_directory(dir / "letter");
    std::ofstream(dir / (scheme == "rocksdb" ? "letter/page" : "letter")) << text;
    auto e = error_of([&] { (void)stet::check(scheme + ":" + (dir / "letter")); });
    REQUIRE(e);
    CHECK(e->code() == errc::corrupt);
    CHECK(names_in(dir.path()).size() == 1);
    std::ifstream again(dir / (scheme == "rocksdb" ? "letter/page" : "letter"));
    CHECK(std::string(std::istreambuf_iterator<char>(again), {}) == text);
  }
}

TEST_CASE("a reader doesn't make the store whose making was cut short") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir;
    const auto path = dir / "s";
    if (scheme == "rocksdb") {
      fs::create_directory(path);
      std::ofstream(path + "/LOCK") << "";
    } else if (scheme == "sqlite") {
      std::ofstream(path) << database_without_tables();
    } else {
      (void)stet::open(scheme + ":" + path);
      fs::resize_file(path, fs::file_size(path) / 2);  // the first of LMDB's two pages
      for (auto* beside : {"s.owner", "s-lock"}) fs::remove(dir / beside);
    }
    auto e = error_of([&] { (void)stet::check(scheme + ":" + path); });
    REQUIRE(e);
    CHECK(e->code() == errc::not_found);
    CHECK(says(e, "there is no store at " + path));
    CHECK(names_in(dir.path()).size() == 1);
    CHECK(stet::open(scheme + ":" + path) != nullptr);  // one who creates goes on with it
    CHECK(stet::check(scheme + ":" + path).empty);
  }
}

TEST_CASE("a copy from something that is no store of Stet's leaves nothing at the target") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir, target;
    stet_conformance::put(*stet::open(scheme + ":" + (dir / "other")), "a", "1");
    auto e = error_of(
        [&] { (void)stet::copy(scheme + ":" + (dir / "other"), scheme + ":" + (target / "s")); });
    REQUIRE(e);
    CHECK(e->code() == errc::corrupt);
    CHECK(names_in(target.path()).empty());
  }
}

TEST_CASE("a store in memory has no name, and none to be read") {
  CHECK(stet::open("memory:")->info().scheme == "memory");
  for (auto* url : {"memory:x", "memory://", "memory: "}) {
    CAPTURE(url);
    auto e = error_of([&] { (void)stet::open(url); });
    REQUIRE(e);
    CHECK(e->code() == errc::usage);
    CHECK(says(e, "has no name"));
  }
  auto e = error_of([] { (void)stet::check("memory:"); });
  REQUIRE(e);
  CHECK(e->code() == errc::not_found);
}

TEST_CASE("a URL that people mean otherwise than a file system is refused, and no file is made") {
  for (auto& scheme : schemes) {
    CAPTURE(scheme);
    temporary_directory dir;
    const auto before = fs::current_path();
    fs::current_path(dir.path());
    for (auto& [place, part] : std::initializer_list<std::pair<std::string, std::string>>{
             {"", "is missing"},
             {"//x", "isn't clear"},
             {"///x", "isn't clear"},
             {"//" + (dir / "x"), "isn't clear"},
             {"//joe:secret@host/x", "isn't clear"},
             {":memory:", "memory:"},
             {"x?create=false", "has no options"},
             {" x", "a space"},
             {"x ", "a space"},
             {"x\n", "a space"},
             {"a\nb", "control character"},
             {std::string("a\0b", 3), "control character"}}) {
      CAPTURE(place);
      for (bool create : {true, false}) {
        auto e = error_of([&] { (void)stet::open(scheme + ":" + place, {.create = create}); });
        REQUIRE(e);
        CHECK(e->code() == errc::usage);
        CHECK(says(e, part));
        CHECK(!says(e, "secret"));
      }
    }
    fs::current_path(before);
    CHECK(names_in(dir.path()).empty());
    CHECK(!fs::exists("/x"));
  }
}
