// Processes that die in the middle of a step's body, and closes, which don't count as deaths.
#include <atomic>
#include <csignal>
#include <thread>

#include "tests/support/child_process.hpp"
#include "tests/support/world.hpp"

#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string(int)> Nth{"nth"};

std::string told(const stet::outcome<int>& o) {
  if (o) return "value " + std::to_string(*o);
  auto f = o.failed_as<stet::step_failed>();
  return f ? std::string(to_string(f->code())) + " after " + std::to_string(f->attempts()) : "?";
}

}  // namespace

TEST_CASE(
    "an at_most_once step that a crash cut short is interrupted; one that failed is tried again") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    int interrupted = 0;
    at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          e.define(Text, [&w](stet::context& ctx) -> stet::task<std::string> {
            auto o = co_await ctx.try_step(
                "x", {.retry = {.initial_interval = 1h}, .at_most_once = true}, [&] {
                  int n = w.done.hit("x");
                  if (n == 1) throw std::runtime_error("fails once");
                  return n;
                });
            co_return told(o);
          });
        },
        [&](world& w) {
          auto text = w.run(Text, "t");
          bool cut = text.find("step_interrupted") == 0;
          interrupted += cut;
          CHECK((cut || text == "value 2"));
        },
        [](world& w, death) { CHECK(w.done.of("x") <= 2); });
    CHECK(interrupted >= 2);
  }
}

TEST_CASE("a clean close lets bodies end, and interrupts no at_most_once step that was queued") {
  for (bool lmdb : {false, true}) {
    world w({.lmdb = lmdb, .threads = 1});
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", {.at_most_once = true}, [&w, n](stet::step_context& s) {
          w.done.hit(std::to_string(n));
          while (n == 0 && w.done.of("closed") == 0 && !s.stop_requested())
            std::this_thread::yield();
          return static_cast<int>(s.attempt());
        });
        co_return told(o);
      });
    });
    for (int i = 0; i < 10; ++i) w.engine().start(Nth, std::to_string(i), i);
    w.until([&] { return w.done.of("0") == 1; });
    w.close();
    CHECK(w.done.all() == 1);
    w.done.hit("closed");
    w.reopen();
    for (int i = 0; i < 10; ++i) {
      CHECK(w.run(Nth, std::to_string(i), i) == "value 1");
      CHECK(w.done.of(std::to_string(i)) == 1);
    }
  }
}

#if STET_TESTS_HAVE_LMDB

namespace {

std::atomic<bool> have_started{false};  // in a process that is to die

struct dying {
  temporary_directory directory;
  enum class way { kill_in_body, kill_in_workflow, wait, work };

  void define(stet::engine& e, way how, int pipe) const {
    e.define(Nth, [how, pipe](stet::context& ctx, int n) -> stet::task<std::string> {
      if (n == 2 && how == way::kill_in_workflow) ::raise(SIGKILL);
      auto o = co_await ctx.try_step("x", [how, pipe, n] {
        // Wait until the others have started: a workflow driven at this moment would be a suspect
        // of the same death.
        while (n == 1 && how == way::kill_in_body && !have_started) std::this_thread::yield();
        if (n == 1 && how == way::kill_in_body) ::raise(SIGKILL);
        if (pipe >= 0) child_process::tell(pipe, "began " + std::to_string(n) + "\n");
        while (how == way::wait) std::this_thread::sleep_for(1ms);
        return n;
      });
      co_return told(o);
    });
  }
  std::unique_ptr<stet::engine> start(way how, int pipe, unsigned threads, recorder& heard) const {
    auto e = std::make_unique<stet::engine>(
        stet::lmdb::open(directory / "store"),
        stet::engine_options{.threads = threads, .listener = &heard});
    define(*e, how, pipe);
    e->start();
    return e;
  }
  /// Runs a process with these runs. Returns when the process is dead.
  void die(way how, std::vector<int> runs, unsigned threads = 1) const {
    child_process child([&](int pipe) {
      recorder quiet;
      auto e = start(how, pipe, threads, quiet);
      for (int n : runs) e->start(Nth, std::to_string(n), n);
      have_started = true;
      for (;;) std::this_thread::sleep_for(1s);
    });
    if (how == way::wait) {
      CHECK(child.hear().find("began") == 0);
      child.kill();
    } else {
      child.wait();
    }
  }
};

}  // namespace

TEST_CASE("a step that kills its process again and again is convicted, and its run goes on") {
  dying d;
  // The first death makes the step a suspect. The next three happen while it is tried alone.
  for (int i = 0; i < 4; ++i) d.die(dying::way::kill_in_body, {1});
  recorder heard;
  auto e = d.start(dying::way::kill_in_body, -1, 1, heard);
  CHECK(e->start(Nth, "1", 1).result() == "step_crashed after 4");
}

TEST_CASE("a step that was only queued when the process died is never convicted") {
  dying d;
  for (int i = 0; i < 4; ++i) d.die(dying::way::kill_in_body, {1, 3, 4, 5});
  recorder heard;
  auto e = d.start(dying::way::work, -1, 1, heard);
  CHECK(e->start(Nth, "1", 1).result() == "step_crashed after 4");
  for (int n : {3, 4, 5})
    CHECK(e->start(Nth, std::to_string(n), n).result() == "value " + std::to_string(n));
}

TEST_CASE("three kills during one long step convict nobody") {
  dying d;
  for (int i = 0; i < 3; ++i) d.die(dying::way::wait, {1});
  recorder heard;
  auto e = d.start(dying::way::work, -1, 1, heard);
  CHECK(e->start(Nth, "1", 1).result() == "value 1");
}

TEST_CASE(
    "a workflow whose own code kills its process is stalled, the others go on, and it may be let "
    "loose again [S145]") {
  dying d;
  d.die(dying::way::kill_in_workflow, {1, 2});
  for (int i = 0; i < 3; ++i) d.die(dying::way::kill_in_workflow, {2});
  recorder heard;
  auto e = d.start(dying::way::work, -1, 1, heard);
  CHECK(e->start(Nth, "1", 1).result() == "value 1");
  auto info = e->admin().describe("2");
  if (!info) return;  // its start never became durable: it died before the commit
  CHECK(what_throws([&] { e->start(Nth, "2", 2).result(); }).code == stet::errc::run_stalled);
  e->admin().resume("2");
  CHECK(e->start(Nth, "2", 2).result() == "value 2");
}

TEST_CASE("a step that gets on between its deaths is never convicted [S146]") {
  dying d;
  for (int i = 0; i < 6; ++i) {
    child_process child([&](int) {
      recorder quiet;
      stet::engine e(stet::lmdb::open(d.directory / "store"), {.threads = 1, .listener = &quiet});
      e.define(Nth, [&e](stet::context& ctx, int) -> stet::task<std::string> {
        co_await ctx.step("x", [&e](stet::step_context& s) {
          auto before = e.admin().describe("1").value().records;
          s.heartbeat(s.attempt());
          while (e.admin().describe("1").value().records == before)
            std::this_thread::yield();  // a heartbeat that is visible is durable
          ::raise(SIGKILL);
        });
        co_return "not reached";
      });
      e.start();
      e.start(Nth, "1", 1);
      for (;;) std::this_thread::sleep_for(1s);
    });
    CHECK(WTERMSIG(child.wait()) == SIGKILL);
  }
  recorder heard;
  auto e = d.start(dying::way::work, -1, 1, heard);
  CHECK(e->start(Nth, "1", 1).result() == "value 1");
}

#endif
