// An engine is started with the wrong key, or without one: runs are stalled until the right key is
// back. A replay doesn't open payloads that it doesn't need.
#include <memory>
#include <stdexcept>
#include <vector>

#include <stet/check.hpp>

#include "tests/support/moody.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(std::string)> Waits{"waits"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::query<std::string()> Ask{"ask"};

stet::task<std::string> waits(stet::context& ctx, std::string s) {
  auto ask = ctx.on(Ask, [&] { return s; });
  ctx.set_memo("memo " + s);
  ctx.set_details("details " + s);
  auto twice = co_await ctx.step(
      "tries", {.retry = {.max_attempts = 2, .initial_interval = 1s}},
      [](stet::step_context& c, const std::string& x) {
        c.heartbeat(x);
        if (c.attempt() == 1) throw std::runtime_error("not yet, " + x);
        return x + x;
      },
      s);
  auto word = co_await ctx.receive(Word);
  co_return twice + word;
}
void define(stet::engine& e) { e.define(Waits, waits); }

using list = std::vector<std::shared_ptr<stet::payload_transform>>;

list with(char key, bool required = false, std::string_view name = "moody") {
  return {std::make_shared<moody>(key, required, name)};
}

/// Runs a life with the wrong transforms, in which a call makes the engine replay the run, so that
/// it is stalled; then a life with the right ones.
void stalled_once(const list& right, const list& wrong) {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    for (bool by_resume : {false, true}) {
      CAPTURE(c.name());
      CAPTURE(by_resume);
      world w(c);
      w.options.transforms = right;
      w.open(define);
      (void)w.engine().start(Waits, "w", "secret");
      w.finish();
      w.close();
      w.options.transforms = wrong;
      w.reopen();
      CHECK(what_throws([&] { (void)w.engine().find(Waits, "w")->query(Ask); }).code ==
            stet::errc::run_stalled);
      auto stalled = *w.engine().admin().describe("w");
      CHECK(stalled.status == stet::status::stalled);
      CHECK(stalled.reason.find("can't be opened") != std::string::npos);
      w.close();
      w.options.transforms = right;
      w.reopen();
      if (by_resume) w.engine().admin().resume("w");
      w.settle();
      CHECK(w.engine().admin().describe("w").value().status == stet::status::running);
      w.engine().find(Waits, "w")->signal(Word, "!");
      CHECK(w.result(*w.engine().find(Waits, "w")) == "secretsecret!");
      CHECK(stet::decode<std::string>(w.engine().admin().describe("w").value().memo) ==
            "memo secret");
      CHECK(w.engine().admin().describe("w").value().details == "details secret");
      w.close();
      CHECK(stet::check(*w.store()).ok());
    }
  }
}

}  // namespace

TEST_CASE("the wrong key under the right name stalls a run until the right key is back") {
  stalled_once(with('a'), with('b'));
}

TEST_CASE("a rotation that is rolled back stalls nothing for good") {
  stalled_once(with('a'), with('b', false, "newer"));
}

TEST_CASE("one start without transforms, where they are required, stalls nothing for good") {
  stalled_once(with('a', true), {});
}

TEST_CASE("a memo, details and what heartbeats said needn't open for a run to go on") {
  auto t = std::make_shared<moody>();
  world w({.resident = 0});
  w.options.transforms = {t};
  w.open(define);
  (void)w.engine().start(Waits, "w", "secret");
  w.finish();
  t->on_open = nullptr;
  // The replay now opens only what it needs. A memo, details, a heartbeat and the error of an
  // attempt are refused; payloads of steps and signals aren't.
  t->refuses = {"memo secret", "details secret", "not yet, secret"};
  w.engine().find(Waits, "w")->signal(Word, "!");
  CHECK(w.result(*w.engine().find(Waits, "w")) == "secretsecret!");
  auto info = *w.engine().admin().describe("w");
  CHECK(info.details.find("can't be opened") != std::string::npos);
  CHECK(stet::decode<std::string>(info.memo).find("can't be opened") != std::string::npos);
  t->refuses.clear();
  info = *w.engine().admin().describe("w");
  CHECK(info.details == "details secret");
  CHECK(stet::decode<std::string>(info.memo) == "memo secret");
}

TEST_CASE("a preview of a store whose keys are missing says which runs would be stalled") {
  world w;
  w.options.transforms = with('a');
  w.open(define);
  (void)w.engine().start(Waits, "w", "secret");
  w.finish();
  w.close();
  w.options.transforms = with('b');
  auto e = w.make();
  auto p = e->preview();
  CHECK(p.open_runs == 1);
  REQUIRE(p.stalled.size() == 1);
  CHECK(p.stalled[0].reason.find("can't be opened") != std::string::npos);
}
