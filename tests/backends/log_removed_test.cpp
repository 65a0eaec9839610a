// A store's log that is removed while the store is open, and a log that is slow to search.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <stet/lmdb.hpp>

#include "backends/common/log_record.hpp"
#include "backends/common/logged_store.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/fault_store.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using namespace stet_tests;
using stet::commit_outcome;
using stet::errc;

namespace {

const stet::lmdb::options small{.map_bytes = 1 << 16, .log_bytes = 16u << 10};

/// A logged store over an LMDB store that fails as planned.
std::unique_ptr<stet::store> open_over(const std::string& path, std::shared_ptr<faults> plan) {
  auto inner = stet::lmdb::open(path, {.log_bytes = 0});
  return stet::backend::add_log(std::make_unique<fault_store>(std::move(inner), std::move(plan)),
                                {.bytes = 16u << 10});
}

void put_numbers(stet::store& s, int from, int to) {
  for (int i = from; i < to; ++i) put(s, std::to_string(i), std::string(100, 'x'));
}

std::size_t count_after(const std::string& path) {
  return scanned(*stet::lmdb::open(path, small)).size();
}

}  // namespace

TEST_CASE("a log is removed while the store under it has no room: a close keeps what it held") {
  temporary_directory dir;
  auto plan = std::make_shared<faults>();
  auto s = open_over(dir / "s", plan);
  put_numbers(*s, 100, 110);
  fs::remove(dir / "s-log");
  plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
  std::size_t expected = 10;
  SUBCASE("at once") {}
  SUBCASE("after commits that found it gone") {
    for (int i = 0; i < 3; ++i) expected += !error_of([&] { put(*s, std::to_string(i), "v"); });
  }
  SUBCASE("after a commit that has no room beside what the log held") {
    CHECK(refused_as(errc::full, [&] { put(*s, "a", std::string(9000, 'x')); }));
  }
  CHECK(scanned(*s).size() == expected);
  s->close();
  CHECK(count_after(dir / "s") == expected);
}

TEST_CASE("a log is removed while the store under it has no room: later all goes on") {
  temporary_directory dir;
  auto plan = std::make_shared<faults>();
  auto s = open_over(dir / "s", plan);
  std::size_t expected = 0;
  for (int round = 0; round < 4; ++round) {
    put_numbers(*s, 100 + 10 * round, 110 + 10 * round);
    fs::remove(dir / "s-log");
    plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
    CHECK(!error_of([&] { put(*s, "small" + std::to_string(round), "v"); }));  // in the log again
    expected += 11;
    CHECK(scanned(*s).size() == expected);
    plan->heal();
    if (round % 2 == 1) put(*s, "large", std::string(9000, 'x'));  // all is moved
    if (round == 1) ++expected;
  }
  s->close();
  CHECK(!fs::exists(dir / "s-log"));
  CHECK(count_after(dir / "s") == expected);
}

TEST_CASE("the name of a log that was removed is taken, and there is no room: a close says so") {
  temporary_directory dir;
  auto plan = std::make_shared<faults>();
  auto s = open_over(dir / "s", plan);
  put_numbers(*s, 100, 110);
  fs::rename(dir / "s-log", dir / "kept");
  fs::create_directory(dir / "s-log");
  plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
  CHECK(error_of([&] { put(*s, "a", "v"); }));
  CHECK(scanned(*s).size() == 10);  // acknowledged values are in the store
  auto e = error_of([&] { s->close(); });
  REQUIRE(e);
  CHECK(std::string(e->what()).find("log") != std::string::npos);
  CHECK(e->outcome() == commit_outcome::unknown);
  // The log is still where the test has moved it.
  fs::remove(dir / "s-log");
  fs::rename(dir / "kept", dir / "s-log");
  CHECK(count_after(dir / "s") == 10);
}

TEST_CASE("a log whose last record is torn is searched in one go, whatever a payload looks like") {
  using namespace stet::backend;
  constexpr std::uint64_t id = 7, others_id = 8;
  constexpr std::size_t bytes = 64u << 20;
  std::string log = encode_log_header(id), record;
  log.resize(log_header_bytes);
  auto add = [&](const log_position& p) {
    stet::batch b;
    b.put("k", "v");
    encode_record(p, b, record);
    record.resize(to_log_units(record.size()));
    log += record;
  };
  add({.log_id = id, .sequence = 1, .flushed = 0});
  // The payload looks like the heads of records that reach to the end of the log. A checksum over
  // each of them would take half an hour.
  std::uint64_t log_id = others_id, sequence = 3, flushed = 2;
  bool is_damaged = false;
  SUBCASE("as records of another log") {}
  SUBCASE("as records that can't prove anything") {
    log_id = id;
    flushed = 1;
  }
  SUBCASE("as records that prove more than themselves") {
    log_id = id;
    flushed = sequence;
  }
  SUBCASE("and behind that a real one shows what is missing") { is_damaged = true; }
  const auto begin = log.size();
  while (log.size() < bytes) {
    add({.log_id = log_id, .sequence = sequence, .flushed = flushed});
    const auto length = static_cast<std::uint32_t>(bytes - log.size() - log_unit_bytes);
    for (std::size_t i = 0; i < 4; ++i) {
      log[log.size() - log_unit_bytes + 8 + i] = static_cast<char>(length >> (8 * i) & 0xff);
    }
  }
  const auto end = log.size();
  add({.log_id = id, .sequence = 3, .flushed = is_damaged ? 2u : 1u});
  log_walk walk(log, id, 0);
  CHECK(walk.next());
  CHECK(!walk.next());
  CHECK(walk.offset() == begin);
  const auto damage = walk.find_damage();
  CHECK(damage.has_value() == is_damaged);
  if (damage) CHECK(*damage == end);
}
