// A RocksDB store whose process or device failed, or whose files were damaged, has all acknowledged
// values, or it is refused.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stet/rocksdb.hpp>

#include "leave_open.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::durability;
using stet::errc;
using stet_tests::temporary_directory;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The last file whose name has this beginning and this end.
fs::path file_of(const std::string& directory, const std::string& begin, const std::string& end) {
  fs::path last;
  for (const auto& e : fs::directory_iterator(directory)) {
    auto name = e.path().filename().string();
    if (name.starts_with(begin) && name.ends_with(end)) last = std::max(last, e.path());
  }
  REQUIRE(!last.empty());
  return last;
}
fs::path log_of(const std::string& directory) { return file_of(directory, "", ".log"); }

/// Runs a process that commits to a new store and ends without close(). Returns the text that `f`
/// returns there.
template <class F> std::string leave(const std::string& path, F&& f) {
  return stet_tests::leave_open([&] { return stet::rocksdb::open(path); }, std::forward<F>(f));
}

std::string key(int n) { return "k" + std::to_string(1000 + n); }
std::string value(int n) { return std::string(static_cast<std::size_t>(200 + n), 'v'); }

void commit_numbers(stet::store& s, int from, int to, durability d = durability::sync) {
  for (int i = from; i <= to; ++i) batch_of().put(key(i), value(i)).commit_to(s, d);
}

/// Returns how many of the commits 1, 2, … are in the store, -1 if the store is refused as corrupt,
/// and -2 if anything else is wrong.
int found_in(const std::string& path) {
  std::unique_ptr<stet::store> s;
  auto e = error_of([&] { s = stet::rocksdb::open(path); });
  if (e) return e->code() == errc::corrupt ? -1 : -2;
  auto found = scanned(*s);
  const int n = static_cast<int>(found.size());
  for (int i = 1; i <= n; ++i) {
    if (found[static_cast<std::size_t>(i - 1)] != std::pair(key(i), value(i))) return -2;
  }
  put(*s, "usable", "v");
  return n;
}

/// The same for a copy of the store in which one file has other bytes.
int found_with(const temporary_directory& dir, const fs::path& file, const std::string& bytes) {
  fs::remove_all(dir / "copy");
  fs::remove(dir / "copy.owner");
  fs::copy(dir / "s", dir / "copy");
  fs::copy(dir / "s.owner", dir / "copy.owner");
  write_file(fs::path(dir / "copy") / file.filename(), bytes);
  return found_in(dir / "copy");
}

}  // namespace

TEST_CASE("half a record at the end of RocksDB's log was promised to nobody") {
  temporary_directory dir;
  const auto before_last = std::stoul(leave(dir / "s", [&](stet::store& s) {
    commit_numbers(s, 1, 9);
    const auto size = fs::file_size(log_of(dir / "s"));
    commit_numbers(s, 10, 10);
    return std::to_string(size);
  }));
  const auto file = log_of(dir / "s");
  const std::string log = read_file(file);
  CHECK(found_with(dir, file, log) == 10);
  for (auto size : {before_last, before_last + 1, before_last + 7, before_last + 100}) {
    CAPTURE(size);
    CHECK(found_with(dir, file, log.substr(0, size)) == 9);
    auto zeros = log.substr(0, size) + std::string(log.size() - size, '\0');
    CHECK(found_with(dir, file, zeros) == 9);
  }
  auto torn_inside = log;
  torn_inside.replace(before_last + 50, 20, 20, '\0');
  CHECK(found_with(dir, file, torn_inside) == 9);
}

TEST_CASE("damage before an acknowledged commit in RocksDB's log is refused, wherever it is") {
  temporary_directory dir;
  const auto before_last = std::stoul(leave(dir / "s", [&](stet::store& s) {
    commit_numbers(s, 1, 20);
    const auto size = fs::file_size(log_of(dir / "s"));
    commit_numbers(s, 21, 21);
    return std::to_string(size);
  }));
  const auto file = log_of(dir / "s");
  const std::string log = read_file(file);
  for (std::size_t at = 0; at < log.size(); at += 101) {
    CAPTURE(at);
    auto damaged = log;
    damaged[at] ^= 0x10;
    CHECK(found_with(dir, file, damaged) == (at < before_last ? -1 : 20));
  }
  auto zeroed = log;
  zeroed.replace(1000, 1000, 1000, '\0');
  CHECK(found_with(dir, file, zeroed) == -1);
  // The store stays refused: opening it has dropped nothing.
  CHECK(found_in(dir / "copy") == -1);
  write_file(fs::path(dir / "copy") / file.filename(), log);
  CHECK(found_in(dir / "copy") == 21);
}

TEST_CASE("damage in RocksDB's log is refused if it spans many of its blocks") {
  temporary_directory dir;
  leave(dir / "s", [&](stet::store& s) {
    for (int i = 1; i <= 8; ++i) {
      put(s, key(i), std::string(100'000, static_cast<char>('a' + i)));
    }
  });
  const auto file = log_of(dir / "s");
  const std::string log = read_file(file);
  REQUIRE(log.size() > 800'000);
  for (std::size_t at : {0u, 40'000u, 250'000u, 500'000u, 690'000u}) {
    CAPTURE(at);
    auto damaged = log;
    damaged.replace(at, 4096, 4096, '\0');
    CHECK(found_with(dir, file, damaged) == -1);
  }
}

TEST_CASE("commits of RocksDB that were not flushed may be lost at their end, and no further") {
  temporary_directory dir;
  const auto sizes = leave(dir / "s", [&](stet::store& s) {
    commit_numbers(s, 1, 5);
    commit_numbers(s, 6, 6, durability::process);
    const auto six = fs::file_size(log_of(dir / "s"));
    commit_numbers(s, 7, 10, durability::process);
    return std::to_string(six);
  });
  const auto file = log_of(dir / "s");
  auto log = read_file(file);
  CHECK(found_with(dir, file, log) == 10);
  auto damaged = log;
  damaged[std::stoul(sizes) + 30] ^= 1;  // in the seventh record, which no later one proves durable
  CHECK(found_with(dir, file, damaged) == 6);
  damaged = log;
  damaged[30] ^= 1;
  CHECK(found_with(dir, file, damaged) == -1);
}

TEST_CASE("after a close any damage of RocksDB's log is refused, the last commit's as well") {
  temporary_directory dir;
  auto s = stet::rocksdb::open(dir / "s");
  commit_numbers(*s, 1, 2);
  const auto before_last = fs::file_size(log_of(dir / "s"));
  commit_numbers(*s, 3, 3);
  const auto end = fs::file_size(log_of(dir / "s"));
  s->close();
  const auto file = log_of(dir / "s");
  const std::string log = read_file(file);
  CHECK(found_with(dir, file, log) == 3);
  for (auto at = before_last; at < end; at += 13) {
    CAPTURE(at);
    auto damaged = log;
    damaged[at] ^= 1;
    CHECK(found_with(dir, file, damaged) == -1);
  }
}

TEST_CASE("a log of another RocksDB store, kept as a value, proves nothing about this one") {
  temporary_directory dir;
  auto other = stet::rocksdb::open(dir / "other");
  commit_numbers(*other, 1, 50);
  other->close();
  const std::string foreign = read_file(log_of(dir / "other"));
  const auto before_last = std::stoul(leave(dir / "s", [&](stet::store& s) {
    put(s, key(1), value(1));
    const auto size = fs::file_size(log_of(dir / "s"));
    put(s, "z", foreign);
    return std::to_string(size);
  }));
  const auto file = log_of(dir / "s");
  auto log = read_file(file);
  REQUIRE(log.size() > before_last + foreign.size());
  log[before_last + 20] ^= 1;
  CHECK(found_with(dir, file, log) == 1);
}

namespace {

constexpr int made = 43;

/// Makes a closed store with files of every kind: values of 100 kB, the last few of them in its
/// log.
void make_files(const std::string& path) {
  auto s = stet::rocksdb::open(path, {.memtable_bytes = 1});
  for (int i = 1; i <= made; ++i) {
    put(*s, key(i), std::string(100'000, static_cast<char>('a' + i % 26)));
  }
  s->close();
}

/// Reads everything. Returns "right", "corrupt", or what is wrong.
std::string read_all(const std::string& path) {
  std::string seen = "right";
  try {
    auto s = stet::rocksdb::open(path);
    int n = 0;
    stet::scan(*s, {}, [&](std::string_view k, std::string_view v) {
      ++n;
      if (k != key(n) || v != std::string(100'000, static_cast<char>('a' + n % 26))) {
        seen = "wrong at " + std::string(k);
      }
      return true;
    });
    if (n != made) seen = "only " + std::to_string(n);
  } catch (const stet::store_error& e) { return e.code() == errc::corrupt ? "corrupt" : e.what(); }
  return seen;
}

struct damage_of {
  int corrupt = 0;
  std::string wrong;
  void count(const std::string& seen) {
    if (seen == "corrupt") ++corrupt;
    else if (seen != "right") wrong += seen + "; ";
  }
};

void copy_store(const temporary_directory& dir) {
  fs::remove_all(dir / "copy");
  fs::copy(dir / "s", dir / "copy");
  fs::copy_file(dir / "s.owner", dir / "copy.owner", fs::copy_options::overwrite_existing);
}

}  // namespace

TEST_CASE("a file of a RocksDB store that is missing, empty, cut or garbled is an error") {
  temporary_directory dir;
  make_files(dir / "s");
  CHECK(read_all(dir / "s") == "right");
  fs::remove_all(dir / "s");
  fs::remove(dir / "s.owner");
  make_files(dir / "s");
  for (auto [begin, end] : {std::pair("CURRENT", ""), {"MANIFEST-", ""}, {"", ".sst"}}) {
    const auto name = file_of(dir / "s", begin, end).filename();
    CAPTURE(name.string());
    for (int how = 0; how < 4; ++how) {
      CAPTURE(how);
      copy_store(dir);
      const auto file = fs::path(dir / "copy") / name;
      const auto size = fs::file_size(file);
      if (how == 0) fs::remove(file);
      if (how == 1) fs::resize_file(file, 0);
      if (how == 2) fs::resize_file(file, size / 2);
      if (how == 3) write_file(file, std::string(size, 'g'));
      CHECK(read_all(dir / "copy") == "corrupt");
    }
  }
  copy_store(dir);
  fs::remove(log_of(dir / "copy"));
  CHECK(read_all(dir / "copy") == "corrupt");
}

TEST_CASE("flipped bits in a sorted file of RocksDB's yield errors, never other values") {
  temporary_directory dir;
  make_files(dir / "s");
  const auto name = file_of(dir / "s", "", ".sst").filename();
  const std::string bytes = read_file(fs::path(dir / "s") / name);
  damage_of seen;
  for (std::size_t i = 0; i < 24; ++i) {
    copy_store(dir);
    auto damaged = bytes;
    // First in the blocks of values, then in the parts after them: filter, index, properties,
    // footer.
    damaged[i < 12 ? i * bytes.size() / 12 : bytes.size() - 1 - (i - 12) * 90] ^= 4;
    write_file(fs::path(dir / "copy") / name, damaged);
    seen.count(read_all(dir / "copy"));
  }
  CHECK(seen.wrong == "");
  CHECK(seen.corrupt > 12);
}

TEST_CASE("damage where RocksDB's scans would end as if nothing followed") {
  temporary_directory dir;
  make_files(dir / "s");
  std::vector<fs::path> files;
  for (const auto& e : fs::directory_iterator(dir / "s")) {
    if (e.path().extension() == ".sst") files.push_back(e.path().filename());
  }
  REQUIRE(files.size() >= 3);
  for (const auto& name : files) {
    CAPTURE(name.string());
    const std::string bytes = read_file(fs::path(dir / "s") / name);
    // In the first block, and in the last one, just before the parts that follow the values.
    for (std::size_t at : {std::size_t{10}, bytes.size() - 5000}) {
      copy_store(dir);
      auto damaged = bytes;
      damaged[at] ^= 4;
      write_file(fs::path(dir / "copy") / name, damaged);
      CHECK(read_all(dir / "copy") == "corrupt");
      auto s = stet::rocksdb::open(dir / "copy");
      auto e = error_of([&] {
        stet::scan(*s, {{}, {}, true}, [](std::string_view, std::string_view) { return true; });
      });
      CHECK((e && e->code() == errc::corrupt));
    }
  }
}

TEST_CASE("the same behind keys that were erased") {
  temporary_directory dir;
  make_files(dir / "s");
  {
    auto s = stet::rocksdb::open(dir / "s");
    batch_of b;
    for (int i = 5; i <= 40; ++i) b.erase(key(i));
    b.erase_range(key(2), key(4)).commit_to(*s);
    s->close();
  }
  copy_store(dir);
  auto last = file_of(dir / "s", "", ".sst").filename();
  for (const auto& e : fs::directory_iterator(dir / "s")) {  // the file with the last keys
    auto name = e.path().filename();
    if (name.extension() == ".sst" && fs::file_size(e.path()) < 400'000 &&
        fs::file_size(e.path()) > 200'000) {
      last = name;
    }
  }
  auto bytes = read_file(fs::path(dir / "s") / last);
  bytes[10] ^= 4;
  write_file(fs::path(dir / "copy") / last, bytes);
  CHECK(read_all(dir / "copy") == "corrupt");
}

TEST_CASE("a sorted file of a newer RocksDB's format is refused as corrupt, with its number") {
  temporary_directory dir;
  make_files(dir / "s");
  const auto file = file_of(dir / "s", "", ".sst");
  auto bytes = read_file(file);
  constexpr std::size_t version_from_end = 12;  // little-endian, before the magic number
  bytes[bytes.size() - version_from_end] = 99;
  write_file(file, bytes);
  std::string text;
  try {
    auto s = stet::rocksdb::open(dir / "s");
    (void)scanned(*s);
  } catch (const stet::store_error& e) {
    CHECK(e.code() == errc::corrupt);
    text = e.what();
  }
  CAPTURE(text);
  CHECK(text.find("99") != std::string::npos);
}
