// An LMDB file that was cut short, at any length, either has all its data or is an error. So is a
// file whose pages lead back to earlier pages.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stet/lmdb.hpp>

#include "cut_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using namespace stet_tests;

namespace {

std::unique_ptr<stet::store> open_small(const std::string& path) {
  return stet::lmdb::open(path, {.map_bytes = 1 << 16, .log_bytes = 64u << 10});
}

/// Makes the second child of a branch page the same as the first.
bool turn_back(std::string& page) {
  constexpr std::size_t flags_at = 10, lower_at = 12, nodes_at = 16, number_bytes = 6;
  constexpr unsigned branch = 1;
  auto at = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(page[i]) |
                                    static_cast<unsigned char>(page[i + 1]) << 8);
  };
  if (at(flags_at) != branch || at(lower_at) < nodes_at + 4) return false;
  page.replace(at(nodes_at + 2), number_bytes, page, at(nodes_at), number_bytes);
  return true;
}

std::string content_of(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

void write_content(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// The pages that LMDB writes into a new file.
std::string first_pages(const std::string& folder) {
  stet::lmdb::open(folder + "/first", {.log_bytes = 0})->close();
  return content_of(folder + "/first");
}

}  // namespace

TEST_CASE("an LMDB file is cut short after a close: an error, and it is left as it was") {
  temporary_directory dir;
  {
    auto s = open_small(dir / "s");
    fill_pages(*s);
  }
  CHECK(check_cuts(dir.path(), "s", open_small) > 40);
}

TEST_CASE("an LMDB file is cut short beside the log of a process that died: the same") {
  temporary_directory dir;
  die_with_log([&] { return open_small(dir / "s"); });
  REQUIRE(fs::exists(dir / "s-log"));
  CHECK(check_cuts(dir.path(), "s", open_small) > 40);
}

TEST_CASE("an LMDB file that is short without fault is opened") {
  temporary_directory dir;
  {
    // LMDB doesn't write pages that one transaction both makes and frees.
    auto s = stet::lmdb::open(dir / "s", {.log_bytes = 0});
    for (int i = 0; i < 20; ++i) put(*s, std::to_string(i), std::string(500, 'x'));
    auto b = batch_of();
    for (int i = 0; i < 300; ++i) b.put("t" + std::to_string(i), std::string(1500, 'y'));
    for (int i = 0; i < 300; ++i) b.erase("t" + std::to_string(i));
    b.commit_to(*s);
  }
  const auto size = fs::file_size(dir / "s");
  CHECK(scanned(*stet::lmdb::open(dir / "s", {.log_bytes = 0})).size() == 20);
  CHECK(fs::file_size(dir / "s") >= size);
  auto s = stet::lmdb::open(dir / "s");
  put(*s, "more", std::string(100'000, 'z'));
  CHECK(scanned(*s).size() == 21);
}

TEST_CASE("a power cut in the making of an LMDB file leaves one that is made anew") {
  temporary_directory dir;
  const std::string whole = first_pages(dir.path());
  const std::size_t sector = 512, page = whole.size() / 2;
  REQUIRE(whole.size() > 2 * sector);
  for (int torn = 0; torn < 4; ++torn) {
    auto content = whole;
    if ((torn & 1) == 0) content.replace(0, sector, sector, '\0');
    if ((torn & 2) == 0) content.replace(page, sector, sector, '\0');
    for (std::size_t size : {sector, page, page + sector, whole.size() - sector, whole.size()}) {
      CAPTURE(torn);
      CAPTURE(size);
      const auto path = dir / std::to_string(torn) + "-" + std::to_string(size);
      write_content(path, content.substr(0, size));
      put(*stet::lmdb::open(path), "key", "value");
      CHECK(scanned(*stet::lmdb::open(path)).size() == 1);
    }
  }
}

TEST_CASE("an LMDB file that isn't just a part of a beginning is never made anew") {
  temporary_directory dir;
  const std::string whole = first_pages(dir.path());
  const std::size_t sector = 512, page = whole.size() / 2;
  auto refused_and_kept = [](const std::string& path, const std::string& content) {
    write_content(path, content);
    auto e = error_of([&] { stet::lmdb::open(path); });
    REQUIRE(e);
    CHECK(e->code() == stet::errc::corrupt);
    CHECK(content_of(path) == content);
  };
  auto torn = whole;
  torn.replace(0, sector, sector, '\0');
  SUBCASE("a byte of something else is in it") {
    for (std::size_t at : {std::size_t{0}, sector, page - 1, page + sector, whole.size() - 1}) {
      CAPTURE(at);
      auto other = torn;
      other[at] = 'x';
      refused_and_kept(dir / std::to_string(at), other);
    }
  }
  SUBCASE("something was committed to it") {
    {
      auto s = stet::lmdb::open(dir / "used", {.log_bytes = 0});
      put(*s, "key", "value");  // each commit changes one of the two pages
      put(*s, "key", "another");
    }
    auto used = content_of(dir / "used").substr(0, whole.size());
    for (std::size_t lost : {std::size_t{0}, page}) {
      auto part = used;
      part.replace(lost, sector, sector, '\0');
      CAPTURE(lost);
      refused_and_kept(dir / "part" + std::to_string(lost), part);
    }
  }
  SUBCASE("its note says that a store was there") {
    stet::lmdb::open(dir / "s", {.log_bytes = 0})->close();
    refused_and_kept(dir / "s", torn);
  }
}

TEST_CASE("a scan of an LMDB file whose pages lead back ends with an error") {
  temporary_directory dir;
  {
    auto s = stet::lmdb::open(dir / "s", {.log_bytes = 0});
    for (int i = 0; i < 100; ++i) put(*s, "key" + std::to_string(1000 + i), std::string(400, 'x'));
  }
  check_turned_back(dir / "s", turn_back,
                    [&] { return stet::lmdb::open(dir / "s", {.log_bytes = 0}); });
}
