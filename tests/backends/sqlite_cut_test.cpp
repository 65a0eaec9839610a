// An SQLite file that was cut short, at any length, either has all its data or is an error. So is a
// file whose pages lead back to earlier pages.
#include <doctest/doctest.h>

#include <filesystem>
#include <stet/sqlite.hpp>

#include "cut_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using namespace stet_tests;

namespace {

std::unique_ptr<stet::store> open_small(const std::string& path) {
  return stet::sqlite::open(path, {.wal_bytes = 64u << 10});
}

/// Makes the second child of an inner page the same as the first, in the index of keys.
bool turn_back(std::string& page) {
  constexpr std::size_t cells_at = 12, child_bytes = 4;
  constexpr char inner_index = 2;
  auto at = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(page[i]) << 8 |
                                    static_cast<unsigned char>(page[i + 1]));
  };
  if (page[0] != inner_index || at(3) < 2) return false;
  page.replace(at(cells_at + 2), child_bytes, page, at(cells_at), child_bytes);
  return true;
}

}  // namespace

TEST_CASE("an SQLite file is cut short after a close: an error, and it is left as it was") {
  temporary_directory dir;
  {
    auto s = open_small(dir / "s");
    fill_pages(*s);
  }
  CHECK(check_cuts(dir.path(), "s", open_small) > 40);
}

TEST_CASE("an SQLite file is cut short beside the log of a process that died: the same") {
  temporary_directory dir;
  die_with_log([&] { return open_small(dir / "s"); });
  REQUIRE(fs::exists(dir / "s-wal"));
  fs::remove(dir / "s-shm");  // the index of the log, which SQLite makes anew
  (void)check_cuts(dir.path(), "s", open_small);
}

TEST_CASE("a scan of an SQLite file whose pages lead back ends with an error") {
  temporary_directory dir;
  {
    auto s = open_small(dir / "s");
    for (int i = 0; i < 100; ++i)
      put(*s, std::to_string(1000 + i) + std::string(300, 'k'), "value");
  }
  check_turned_back(dir / "s", turn_back, [&] { return open_small(dir / "s"); });
}
