// Exported histories, replayed with today's code and with changed code.
#include <doctest/doctest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <stet/stet.hpp>
#include <stet/testing.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace std::chrono_literals;  // NOLINT
using stet::testing::environment;

namespace {

inline constexpr stet::workflow<int(int)> Sum{"sum"};

/// `first` is the name of its first step, which a deploy may change.
environment::definitions sum(const std::string& first, int last = 0) {
  return [=](stet::engine& e) {
    e.define(Sum, [=](stet::context& ctx, int n) -> stet::task<int> {
      for (int i = 0; i < n; ++i) co_await ctx.step(first, [] {});
      co_await ctx.sleep(24h);
      co_return last;
    });
  };
}

/// Histories of three runs: one has ended, one sleeps, one has a step that keeps failing.
std::vector<std::string> recorded() {
  environment env(sum("one"));
  env.run(Sum, "ended", 2);
  auto sleeping = env.engine().start(Sum, "sleeping", 3);
  env.run_until_idle();
  env.mock("one").fails(1000);
  auto retrying = env.engine().start(Sum, "retrying", 1);
  env.run_until_idle();
  std::vector<std::string> all;
  for (auto* id : {"ended", "sleeping", "retrying"})
    all.push_back(stet::export_history(env.engine(), id));
  return all;
}

stet::errc code_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const stet::error& e) { return e.code(); }
  return stet::errc::step_failed;  // if `f` doesn't throw
}

}  // namespace

TEST_CASE("the code that wrote them replays all histories") {
  auto report = stet::testing::replay(sum("one"), recorded());
  CHECK_MESSAGE(report.ok(), report.text());
  CHECK(report.histories == 3);
}

TEST_CASE("changed code says which runs it would stall, and why") {
  auto report = stet::testing::replay(sum("another"), recorded());
  REQUIRE(report.stalled.size() == 3);
  CHECK(report.stalled[1].id == "sleeping");
  CHECK(report.stalled[1].workflow == "sum");
  CHECK(report.text().find("the run 'sleeping' of workflow 'sum' would be stalled: ") !=
        std::string::npos);
  CHECK(report.text().find("'another'") != std::string::npos);

  report = stet::testing::replay(sum("one", 7), recorded());  // the ended one: another result
  REQUIRE(report.stalled.size() == 1);
  CHECK(report.stalled[0].id == "ended");

  report = stet::testing::replay([](stet::engine&) {}, recorded());
  REQUIRE(report.stalled.size() == 3);
  CHECK(report.stalled[0].reason.find("sum") != std::string::npos);
}

TEST_CASE("a history says the same wherever its run is kept") {
  for (std::size_t resident : {std::size_t{0}, std::size_t{1000}}) {
    environment env(sum("one"), {.engine = {.threads = 0, .resident_runs_max = resident}});
    auto run = env.engine().start(Sum, "r", 3);
    env.run_until_idle();
    auto before = stet::export_history(env.engine(), "r");
    env.restart();
    CHECK(stet::export_history(env.engine(), "r") == before);
    env.crash();
    CHECK(stet::export_history(env.engine(), "r") == before);
    CHECK(code_of([&] { stet::export_history(env.engine(), "nobody"); }) == stet::errc::not_found);
    CHECK(code_of([&] { stet::replay_history(env.engine(), before); }) == stet::errc::usage);
  }
}

TEST_CASE("damage is told from a change of the code [S230]") {
  auto whole = recorded()[1];
  stet::engine e(stet::memory::open(), {.threads = 0});
  sum("one")(e);
  CHECK(stet::replay_history(e, whole).reason.empty());
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(code_of([&] { stet::replay_history(e, whole.substr(0, length)); }) ==
          stet::errc::corrupt);
  CHECK(code_of([&] { stet::replay_history(e, whole + 'x'); }) == stet::errc::corrupt);
  for (std::size_t at = whole.size() - 60; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    CHECK(code_of([&] { stet::replay_history(e, damaged); }) == stet::errc::corrupt);
  }
}

TEST_CASE("a folder of histories") {
  stet_tests::temporary_directory folder;
  auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  auto none = code_of([&] { stet::testing::replay_folder(sum("one"), folder / ""); });
  CHECK(none == stet::errc::not_found);
  auto all = recorded();
  write("b.history", all[0]);
  write("a.history", all[1]);
  write("notes.txt", "not one");
  CHECK(stet::testing::replay_folder(sum("one"), folder / "").histories == 2);
  auto report = stet::testing::replay_folder(sum("other"), folder / "");
  REQUIRE(report.files.size() == 2);
  CHECK(report.files[0].find("a.history") != std::string::npos);
  CHECK(report.stalled[0].id == "sleeping");
  write("c.history", "rubbish");
  CHECK(code_of([&] { stet::testing::replay_folder(sum("one"), folder / ""); }) ==
        stet::errc::corrupt);
}

TEST_CASE("what is sealed in the store is sealed in the file, and opened where it is replayed") {
  struct turning final : stet::payload_transform {
    std::string_view name() const noexcept override { return "turning"; }
    std::optional<std::string> seal(std::string_view plain, const stet::payload_place&) override {
      std::string s(plain);
      for (char& c : s) c = static_cast<char>(c ^ 0x55);
      return s;
    }
    std::string open(std::string_view sealed, const stet::payload_place& p, std::size_t) override {
      return *seal(sealed, p);
    }
  };
  static constexpr stet::workflow<std::string(std::string)> Keep{"keep"};
  auto define = [](stet::engine& e) {
    e.define(Keep, [](stet::context& ctx, std::string secret) -> stet::task<std::string> {
      co_await ctx.step("look", [] {});
      co_return secret;
    });
  };
  stet::testing::environment_options options;
  options.engine.transforms = {std::make_shared<turning>()};
  environment env(define, options);
  env.run(Keep, "k", "a secret of theirs");
  auto sealed = stet::export_history(env.engine(), "k");
  CHECK(sealed.find("a secret") == std::string::npos);

  stet::engine knows(stet::memory::open(), {.threads = 0, .transforms = options.engine.transforms});
  define(knows);
  CHECK(stet::replay_history(knows, sealed).reason.empty());
  stet::engine knows_not(stet::memory::open(), {.threads = 0});
  define(knows_not);
  CHECK(code_of([&] { stet::replay_history(knows_not, sealed); }) == stet::errc::payload);
}
