// The log of a store after its process or device failed: torn, damaged, missing, or from another
// store.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stet/lmdb.hpp>

#include "backends/common/log_file.hpp"
#include "backends/common/log_record.hpp"
#include "backends/common/logged_store.hpp"
#include "leave_open.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/fault_store.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::errc;
using stet_tests::child_process;
using stet_tests::temporary_directory;

namespace {

const stet::lmdb::options small{.map_bytes = 1 << 16, .log_bytes = 16u << 10};

/// The contents of a store's files: `s` and its log.
struct image {
  std::string data, log;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

image read_image(const std::string& path) { return {read_file(path), read_file(path + "-log")}; }

void write_image(const image& i, const std::string& path) {
  for (const char* end : {"", "-log", "-lock", ".owner"}) fs::remove(path + end);
  std::ofstream(path, std::ios::binary) << i.data;
  std::ofstream(path + "-log", std::ios::binary) << i.log;
}

/// Runs a process that commits to a new store and ends without close(). Returns the files that it
/// leaves.
template <class F> image left_by(const std::string& path, F&& f) {
  stet_tests::leave_open([&] { return stet::lmdb::open(path, small); }, std::forward<F>(f));
  return read_image(path);
}

/// Commits a first, in the store's own file, then b, c and d in the log.
image left_with_records(const std::string& path, stet::durability d = stet::durability::sync) {
  return left_by(path, [d](stet::store& s) {
    for (char c = 'a'; c <= 'd'; ++c) {
      batch_of().put(std::string(1, c), std::string(30, c)).commit_to(s, d);
    }
  });
}

/// The offsets at which the records begin, and the end of the last one.
std::vector<std::size_t> record_offsets(const std::string& log) {
  std::vector<std::size_t> all{stet::backend::log_header_bytes};
  while (auto r = stet::backend::record_at(log, all.back())) {
    all.push_back(all.back() + stet::backend::to_log_units(r->bytes));
  }
  return all;
}

std::string keys_of(stet::store& s) {
  std::string all;
  for (const auto& [k, v] : scanned(s)) all += k;
  return all;
}

std::string keys_after(const image& i, const std::string& path) {
  write_image(i, path);
  auto s = stet::lmdb::open(path, small);
  CHECK(!fs::exists(path + "-log"));
  return keys_of(*s);
}

void check_corrupt(const image& i, const std::string& path, const std::string& text) {
  write_image(i, path);
  auto e = error_of([&] { stet::lmdb::open(path, small); });
  REQUIRE(e);
  CHECK(e->code() == errc::corrupt);
  CHECK(e->path() == path + "-log");
  CHECK_MESSAGE(std::string(e->what()).find(text) != std::string::npos, e->what());
  CHECK((read_image(path).log == i.log));
}

}  // namespace

TEST_CASE("a record that is torn at any byte was never acknowledged, and the others are there") {
  temporary_directory dir;
  const image whole = left_with_records(dir / "s");
  const auto at = record_offsets(whole.log);
  REQUIRE(at.size() == 4);
  CHECK(keys_after(whole, dir / "t") == "abcd");
  for (std::size_t cut = at[2]; cut < at[2] + 40 + 9 + 31; ++cut) {
    CAPTURE(cut);
    image torn = whole;
    std::fill(torn.log.begin() + static_cast<long>(cut), torn.log.end(), '\0');
    CHECK(keys_after(torn, dir / "t") == "abc");
    torn = whole;
    torn.log[cut] ^= 0x10;
    CHECK(keys_after(torn, dir / "t") == "abc");
    torn.log.resize(cut);
    CHECK(keys_after(torn, dir / "t") == "abc");
  }
}

TEST_CASE("a damaged record before an acknowledged one is refused, and nothing is changed") {
  temporary_directory dir;
  const image whole = left_with_records(dir / "s");
  const auto at = record_offsets(whole.log);
  for (std::size_t record : {0u, 1u}) {
    for (std::size_t byte : {0u, 4u, 9u, 20u, 33u, 60u}) {
      image damaged = whole;
      damaged.log[at[record] + byte] ^= 1;
      check_corrupt(damaged, dir / "t", "at offset " + std::to_string(at[record]));
    }
  }
}

TEST_CASE("commits that were not flushed may be lost from the middle on, a whole suffix of them") {
  temporary_directory dir;
  image i = left_with_records(dir / "s", stet::durability::process);
  const auto at = record_offsets(i.log);
  i.log[at[1] + 50] ^= 1;
  write_image(i, dir / "t");
  auto s = stet::lmdb::open(dir / "t", small);
  CHECK(keys_of(*s) == "ab");
  // The lost d is still among the bytes that a new log could reuse. It must not come back.
  put(*s, "e", "v");
  put(*s, "f", std::string(30, 'f'));
  put(*s, "g", std::string(30, 'g'));
  i = read_image(dir / "t");
  CHECK(keys_after(i, dir / "u") == "abefg");
}

TEST_CASE("a log that is gone, empty or another store's is not silently left out") {
  temporary_directory dir;
  const image whole = left_with_records(dir / "s");
  const image other = left_with_records(dir / "o");
  check_corrupt({whole.data, other.log}, dir / "t", "it is not the log of");
  check_corrupt({whole.data, ""}, dir / "t", "it is not the log of");
  check_corrupt({whole.data, std::string(20000, '\0')}, dir / "t", "it is not the log of");
  fs::remove(dir / "t-log");
  auto e = error_of([&] { stet::lmdb::open(dir / "t", small); });
  REQUIRE(e);
  CHECK(e->code() == errc::corrupt);
  CHECK(e->path() == dir / "t-log");
  CHECK(!fs::exists(dir / "t-log"));
  // The same holds if the store is opened without a log. With the right log put back, all is well.
  CHECK(fails_as(errc::corrupt, [&] { stet::lmdb::open(dir / "t", {.log_bytes = 0}); }));
  CHECK(keys_after(whole, dir / "t") == "abcd");
}

TEST_CASE("a store that needs no log takes away its own old one, and refuses any other") {
  temporary_directory dir;
  const image before = left_with_records(dir / "s");
  stet::lmdb::open(dir / "s", small)->close();
  const image closed = read_image(dir / "s");
  CHECK(closed.log.empty());
  CHECK(keys_after({closed.data, before.log}, dir / "t") == "abcd");  // died before unlink
  CHECK(keys_after({closed.data, ""}, dir / "t") == "abcd");          // died after creat
  CHECK(keys_after({closed.data, std::string(9000, '\0')}, dir / "t") == "abcd");
  const image other = left_with_records(dir / "o");
  check_corrupt({closed.data, other.log}, dir / "t", "which needs none");
  check_corrupt({closed.data, "somebody's notes"}, dir / "t", "which needs none");
  check_corrupt({"", other.log}, dir / "t", "which needs none");
}

namespace {

/// Commits numbers until the process is killed before or after the inner store's commit number `n`.
/// Writes each acknowledged number to the pipe.
void count_until_killed(int pipe, const std::string& path, std::uint64_t n,
                        stet_tests::moment when) {
  auto plan = std::make_shared<stet_tests::faults>();
  plan->set_hook([=](stet_tests::store_call c, stet_tests::moment m, std::uint64_t number) {
    if (c == stet_tests::store_call::commit && m == when && number == n)
      ::kill(::getpid(), SIGKILL);
  });
  auto inner = stet::lmdb::open(path, {.log_bytes = 0});
  auto s = stet::backend::add_log(std::make_unique<stet_tests::fault_store>(std::move(inner), plan),
                                  {.bytes = 16u << 10});
  for (int i = 1;; ++i) {
    batch_of b;
    b.put("n", std::to_string(i)).put("k" + std::to_string(i), std::string(500, 'v'));
    b.erase_range("k", "k" + std::to_string(i)).erase("k" + std::to_string(i - 3));
    b.commit_to(*s);
    child_process::tell(pipe, ".");
  }
}

}  // namespace

TEST_CASE("killed before or after any move, a store has what was acknowledged, and once") {
  for (auto when : {stet_tests::moment::before, stet_tests::moment::after}) {
    for (std::uint64_t n = 1; n < 6; ++n) {
      CAPTURE(n);
      temporary_directory dir;
      child_process child([&](int pipe) { count_until_killed(pipe, dir / "s", n, when); });
      int acknowledged = static_cast<int>(child.hear_all().size());
      CHECK((n == 1 || acknowledged > 10));
      child.wait();
      auto s = stet::lmdb::open(dir / "s", small);
      int last = std::stoi(s->get("n").value_or("0"));
      CHECK(last >= acknowledged);
      CHECK(last <= acknowledged + 1);
      if (last > 0) CHECK(s->get("k" + std::to_string(last)));
      put(*s, "later", "v");
      put(*s, "n", "later");
      const image i = read_image(dir / "s");
      write_image(i, dir / "t");
      CHECK(stet::lmdb::open(dir / "t", small)->get("n") == "later");
    }
  }
}

TEST_CASE(
    "a log that was cut in what fills up its last record is kept, and room made for the next") {
  using namespace stet::backend;
  temporary_directory dir;
  stet::batch b;
  b.put("a", "1");
  std::string record;
  {
    auto log = log_file::create("lmdb", dir / "log", 16u << 10);
    encode_record({log->id(), 1, 0}, b, record);
    log->append(record);
    log->flush();
  }
  fs::resize_file(dir / "log", log_header_bytes + record.size());
  auto log = log_file::open("lmdb", dir / "log");
  const auto bytes = log->read();
  log_walk walk(bytes, log->id(), 0);
  REQUIRE(walk.next());
  CHECK(walk.offset() > bytes.size());
  log->keep(bytes, walk.offset());
  encode_record({log->id(), 2, 1}, b, record);
  log->append(record);
  const auto again = read_file(dir / "log");
  log_walk both(again, log->id(), 0);
  CHECK(both.next());
  CHECK(both.next());
}
