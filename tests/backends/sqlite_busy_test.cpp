// Another program locks an SQLite store for a long time. Records wait for it, and no step is done
// twice.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <stet/sqlite.hpp>
#include <stet/stet.hpp>
#include <stet/test_doubles.hpp>

#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_conformance;
using stet_tests::temporary_directory;
using namespace std::chrono_literals;

namespace {

/// Another program, which writes to the file.
class writer {
 public:
  explicit writer(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &raw_) == SQLITE_OK);
    REQUIRE(sqlite3_exec(raw_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer() { sqlite3_close(raw_); }

 private:
  sqlite3* raw_ = nullptr;
};

inline constexpr stet::workflow<int(std::string)> Pay{"pay"};

template <class F> void wait_until(F&& f) {
  for (int i = 0; i < 60'000 && !f(); ++i) std::this_thread::sleep_for(1ms);
  REQUIRE(f());
}

}  // namespace

TEST_CASE("while another program writes an SQLite store, the engine waits, and repeats nothing") {
  temporary_directory dir;
  stet::testing::recorder heard;
  std::atomic<int> paid{0};
  std::unique_ptr<writer> other;
  stet::engine engine{stet::sqlite::open(dir / "s"), {.listener = &heard}};
  engine.define(Pay, [&](stet::context& ctx, std::string who) -> stet::task<int> {
    co_await ctx.step("pay", [&] {
      paid += who != "bob";  // bob is paid when there is room: a refusal stays
      if (who == "ann")
        other = std::make_unique<writer>(dir / "s");  // before the result is recorded
    });
    co_return paid;
  });
  engine.start();
  CHECK(engine.start(Pay, "0", "zoe").result() == 1);
  auto run = engine.start(Pay, "1", "ann");
  wait_until([&] { return !heard.problems().empty(); });
  CHECK(heard.heard("another program"));
  // Calls that only read go on. Calls that write get an error that says why.
  CHECK(engine.find(Pay, "0")->result() == 1);
  auto told = [](auto&& f) -> std::optional<stet::errc> {
    try {
      f();
    } catch (const stet::error& e) { return e.code(); }
    return std::nullopt;
  };
  for (int i = 0; i < 3; ++i) {  // for as long as the other program likes
    CHECK(told([&] { engine.start(Pay, "2", "bob"); }) == stet::errc::busy);
    std::this_thread::sleep_for(500ms);
  }
  other.reset();
  std::optional<int> result;
  wait_until([&] { return !told([&] { result = run.result(); }); });
  CHECK(result == 2);
  CHECK(paid == 2);  // once for each run
  engine.close();
}

TEST_CASE("a commit of an SQLite store that another program holds is refused, and says so") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s");
  put(*s, "a", "1");
  auto other = std::make_unique<writer>(dir / "s");
  auto e = error_of([&] { put(*s, "b", "2"); });
  REQUIRE(e);
  CHECK(e->code() == stet::errc::busy);
  CHECK(e->outcome() == stet::commit_outcome::refused);
  CHECK(s->get("a") == "1");
  other.reset();
  put(*s, "b", "2");
  CHECK(scanned(*s).size() == 2);
}
