// A log before a store: its cost, the files it leaves, and what happens when there is no room.
#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stet/lmdb.hpp>

#include "backends/common/log_mark.hpp"
#include "backends/common/logged_store.hpp"
#include "failing_calls.hpp"
#include "leave_open.hpp"
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

/// Runs `f` on a store in a process that ends without close().
template <class F> void leave(const std::string& path, F&& f) {
  leave_open([&] { return stet::lmdb::open(path, small); }, std::forward<F>(f));
}
/// Calls leave(), then opens the store.
template <class F> std::unique_ptr<stet::store> open_after(const std::string& path, F&& f) {
  leave(path, std::forward<F>(f));
  return stet::lmdb::open(path, small);
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::size_t files_in(const std::string& path) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

}  // namespace

#if defined(__linux__)
TEST_CASE("a commit to the log costs one flush; one that isn't sync costs none") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s");
  put(*s, "first", "v");
  long before = flushes;
  for (int i = 0; i < 10; ++i) put(*s, std::to_string(i), std::string(1000, 'x'));
  CHECK(flushes == before + 10);
  for (int i = 0; i < 10; ++i) {
    batch_of().put(std::to_string(i), "y").commit_to(*s, stet::durability::process);
  }
  CHECK(flushes == before + 10);
  batch_of().commit_to(*s);  // makes earlier commits durable
  batch_of().commit_to(*s);
  CHECK(flushes == before + 11);
}

TEST_CASE("after a failed write or flush of the log nothing goes on until it is opened anew") {
  for (auto* left : {&writes_left, &flushes_left}) {
    temporary_directory dir;
    auto s = stet::lmdb::open(dir / "s", small);
    put(*s, "a", "1");
    put(*s, "b", "2");
    failure = EIO;
    *left = 0;
    auto e = error_of([&] { put(*s, "c", "3"); });
    *left = -1;
    REQUIRE(e);
    CHECK(e->code() == errc::store);
    CHECK(e->native() == EIO);
    CHECK(e->outcome() == commit_outcome::unknown);
    CHECK(e->path() == dir / "s-log");
    CHECK(fails_as(errc::store, [&] { (void)s->get("a"); }));
    CHECK(fails_as(errc::store, [&] { (void)scanned(*s); }));
    CHECK(refused_as(errc::store, [&] { put(*s, "d", "4"); }));
    s->close();
    s = stet::lmdb::open(dir / "s", small);
    auto found = scanned(*s);
    CHECK((found.size() == 2 || found.size() == 3));
    CHECK(s->get("b") == "2");
    put(*s, "d", "4");
  }
}

TEST_CASE("a commit that finds no room for its record is refused, and never comes back") {
  temporary_directory dir;
  const std::string zeros(400, '\0');
  auto s = open_after(dir / "s", [&](stet::store& t) {
    put(t, "a", "1");
    for (long room : {0, 1, 39, 40, 100, 300}) {
      room_left = room;
      if (!refused_as(errc::full, [&] { put(t, "z", zeros); }) || t.get("z")) {
        throw std::runtime_error("not refused");
      }
    }
  });
  CHECK(scanned(*s) == pairs{{"a", "1"}});
}
#endif

TEST_CASE("a closed store is one file, and a copy of it is a store") {
  temporary_directory dir;
  for (const auto& o : {small, stet::lmdb::options{}}) {
    auto s = stet::lmdb::open(dir / "s", o);
    for (int i = 0; i < 100; ++i) put(*s, std::to_string(i), std::string(300, 'x'));
    CHECK(fs::exists(dir / "s-log"));
    s->close();
    CHECK(files_in(dir.path()) == 3);  // s, s-lock, s.owner
    fs::create_directory(dir / "copy");
    fs::copy_file(dir / "s", dir / "copy/s");
    CHECK(scanned(*stet::lmdb::open(dir / "copy/s", o)).size() == 100);
    fs::remove_all(dir / "copy");
  }
}

TEST_CASE("a store is opened without a log after it had one, and forgets it") {
  temporary_directory dir;
  auto s = open_after(dir / "s", [](stet::store& t) {
    for (int i = 0; i < 10; ++i) put(t, std::to_string(i), "v");
  });
  s = open_after(dir / "t", [](stet::store& t) {
    for (int i = 0; i < 10; ++i) put(t, std::to_string(i), "v");
  });
  s->close();
  for (int round = 0; round < 2; ++round) {
    s = stet::lmdb::open(dir / "t", {.log_bytes = 0});
    CHECK(scanned(*s).size() == 10);
    CHECK(!s->get(stet::backend::mark_key()));
    CHECK(!fs::exists(dir / "t-log"));
    s->close();
  }
}

TEST_CASE("a flipped bit in what LMDB knows of its log is refused, and takes no commit away") {
  temporary_directory dir;
  leave(dir / "s", [](stet::store& t) {
    for (int i = 0; i < 10; ++i) put(t, std::to_string(i), "v");
  });
  const auto file = bytes_of(dir / "s"), log = bytes_of(dir / "s-log");
  // The value follows the key, whose last bytes these are: version 2, needed.
  const std::string key_end(8, '\xff');
  const std::string begin = key_end + std::string("\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16);
  constexpr std::size_t mark_bytes = 36;
  for (std::size_t bit = 0; bit < 8 * mark_bytes; bit += bit < 200 ? 8 : 5) {
    INFO("bit ", bit);
    auto damaged = file;
    int found = 0;
    for (std::size_t at = 0; (at = file.find(begin, at)) != std::string::npos; ++at, ++found) {
      auto& byte = damaged[at + key_end.size() + bit / 8];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
    }
    REQUIRE(found > 0);
    write_bytes(dir / "s", damaged);
    write_bytes(dir / "s-log", log);
    CHECK(refused_as(errc::corrupt, [&] { stet::lmdb::open(dir / "s", small); }));
    CHECK(bytes_of(dir / "s-log") == log);
  }
  write_bytes(dir / "s", file);
  CHECK(scanned(*stet::lmdb::open(dir / "s", small)).size() == 10);
}

TEST_CASE("the key that the log reserves is not seen, not taken, and survives every range") {
  temporary_directory dir;
  const std::string& reserved = stet::backend::mark_key();
  auto s = stet::lmdb::open(dir / "s", small);
  put(*s, "a", "1");
  CHECK(refused_as(errc::usage, [&] { put(*s, reserved, "v"); }));
  CHECK(refused_as(errc::usage, [&] { batch_of().erase(reserved).commit_to(*s); }));
  CHECK(!s->get(reserved));
  CHECK(scanned(*s).size() == 1);
  CHECK(scanned(*s, {}, {}, true).size() == 1);
  batch_of().erase_range("", std::string(600, '\xff')).put("b", "2").commit_to(*s);
  for (int i = 0; i < 100; ++i) put(*s, "b", std::string(1000, 'x'));  // moves the log often
  s = open_after(dir / "s2", [&](stet::store& t) {
    put(t, "a", "1");
    batch_of().erase_range("", std::string(600, '\xff')).commit_to(t);
    for (int i = 0; i < 100; ++i) put(t, "b", std::string(1000, 'x'));
  });
  CHECK(scanned(*s).size() == 1);
}

TEST_CASE("a log that is deleted under the open store is made anew, and nothing is lost") {
  temporary_directory dir;
  auto s = open_after(dir / "s", [&](stet::store& t) {
    for (int i = 0; i < 10; ++i) {
      put(t, std::to_string(i), "v");
      if (i % 3 == 1) fs::remove(dir / "s-log");
    }
  });
  CHECK(scanned(*s).size() == 10);
}

TEST_CASE("while the inner store refuses, commits go on as long as the log has room") {
  temporary_directory dir;
  auto plan = std::make_shared<faults>();
  auto s = open_over(dir / "s", plan);
  put(*s, "a", "1");
  plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
  int accepted = 0;
  std::optional<stet::store_error> e;
  while (!e && accepted < 1000) {
    e = error_of([&] { put(*s, std::to_string(accepted), std::string(100, 'x')); });
    accepted += !e;
  }
  REQUIRE(e);
  CHECK(e->code() == errc::full);
  CHECK(e->outcome() == commit_outcome::refused);
  CHECK(accepted > 50);
  CHECK(accepted < 200);
  CHECK(scanned(*s).size() == static_cast<std::size_t>(accepted) + 1);
  SUBCASE("then it has room again") {
    plan->heal();
    put(*s, "b", "2");
    s->close();
    CHECK(!fs::exists(dir / "s-log"));
  }
  SUBCASE("or it hasn't: close leaves both files, and who opens it has all of it") {
    s->close();
    CHECK(fs::exists(dir / "s-log"));
    accepted -= 1;
  }
  CHECK(scanned(*stet::lmdb::open(dir / "s", small)).size() ==
        static_cast<std::size_t>(accepted) + 2);
}

TEST_CASE("a store that was full when it was opened is read, and goes on when it has room") {
  temporary_directory dir;
  const stet::lmdb::options tight{.map_bytes = 1, .map_bytes_max = 512u << 10};
  const stet::lmdb::options wide{.map_bytes = 1, .map_bytes_max = 4u << 20};
  auto s = stet::lmdb::open(dir / "s", tight);
  int n = 0;
  while (!error_of([&] { put(*s, std::to_string(n), std::string(3000, 'x')); })) ++n;
  const auto all = static_cast<std::size_t>(n);
  s->close();
  CHECK(fs::exists(dir / "s-log"));
  s = stet::lmdb::open(dir / "s", tight);
  CHECK(scanned(*s).size() == all);
  CHECK(refused_as(errc::full, [&] { put(*s, "z", std::string(9000, 'x')); }));
  s->close();
  SUBCASE("in a larger map") {
    s = stet::lmdb::open(dir / "s", wide);
    put(*s, "z", "v");
    CHECK(scanned(*s).size() == all + 1);
  }
  SUBCASE("when most of it is erased") {
    s = stet::lmdb::open(dir / "s", tight);
    batch_of().erase_range("", "9").put("z", "v").commit_to(*s);
    CHECK(scanned(*s).size() < all / 2);
    put(*s, "y", std::string(9000, 'x'));
  }
  s->close();
  CHECK(!fs::exists(dir / "s-log"));
}

TEST_CASE("when nobody knows whether the move was made, the store ends, and it is all there") {
  for (fault how : {fault::unknown_applied, fault::unknown_lost}) {
    temporary_directory dir;
    auto plan = std::make_shared<faults>();
    auto s = open_over(dir / "s", plan);
    put(*s, "a", "1");
    plan->fail_next(store_call::commit, how);
    int n = 0;
    std::optional<stet::store_error> e;
    while (!e) e = error_of([&] { put(*s, std::to_string(n++), std::string(100, 'x')); });
    CHECK(e->outcome() == commit_outcome::unknown);
    CHECK(fails_as(errc::store, [&] { (void)s->get("0"); }));
    CHECK(refused_as(errc::store, [&] { put(*s, "b", "2"); }));
    s->close();
    CHECK(scanned(*stet::lmdb::open(dir / "s", small)).size() == static_cast<std::size_t>(n));
  }
}

TEST_CASE("a batch that is large for the log goes to the inner store, in order with the others") {
  temporary_directory dir;
  auto s = open_after(dir / "s", [](stet::store& t) {
    model expected;
    for (int i = 0; i < 40; ++i) {
      put(t, "n", std::to_string(i));
      if (i % 5 == 0) put(t, "big", std::string(100000, static_cast<char>('a' + i)));
      put(t, "big" + std::to_string(i), "v");
    }
  });
  CHECK(s->get("n") == "39");
  CHECK(s->get("big") == std::string(100000, static_cast<char>('a' + 35)));
  CHECK(scanned(*s).size() == 42);
}
