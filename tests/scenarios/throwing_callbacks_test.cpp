// An exception of a user's callback reaches the caller. Nothing is half done, and the engine goes
// on for all other runs.
#include <atomic>
#include <functional>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include <stet/check.hpp>
#include <stet/entity.hpp>

#include <atomic>
#include <thread>
#include "tests/support/moody.hpp"
#include "tests/support/tables.hpp"

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(std::string)> Echo{"echo"};
inline constexpr stet::workflow<std::string(std::string)> Listens{"listens"};
inline constexpr stet::workflow<std::string(std::string)> Parent{"parent"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};
inline constexpr stet::workflow<int(int)> Counts{"counts"};
inline constexpr stet::workflow<int(int)> Fails{"fails"};
inline constexpr stet::workflow<int(int)> Late{"late"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::update<std::string(std::string)> Say{"say"};
inline constexpr stet::query<std::string()> Ask{"ask"};
inline constexpr stet::table<int, std::string> Notes{"notes"};

/// The ways in which a user's code may throw. The engine must take none of them for an error of its
/// own.
const std::vector<std::pair<const char*, std::function<void()>>> ways = {
    {"runtime_error", [] { throw std::runtime_error("the key server is away"); }},
    {"store_error",
     [] { throw stet::store_error(stet::errc::store, "another store", "/else", 5, "of mine"); }},
    {"bad_alloc", [] { throw std::bad_alloc(); }},
    {"an int", [] { throw 42; }},
};

stet::task<std::string> echo(stet::context& ctx, std::string s) {
  auto said = co_await ctx.step("echo", [](const std::string& x) { return x + "!"; }, s);
  co_return said;
}
stet::task<std::string> listens(stet::context& ctx, std::string s) {
  auto say = ctx.on(Say, [&](const std::string& more) { return s += more; });
  auto first = co_await ctx.receive(Word);
  auto second = co_await ctx.receive(Word);
  co_return s + first + second;
}
stet::task<std::string> parent(stet::context& ctx, std::string s) {
  co_return "(" + co_await ctx.child(Echo, std::string(ctx.id()) + "/c", s) + ")";
}
stet::task<int> chain(stet::context& ctx, int n) {
  ctx.set_memo(std::string("kept"));
  co_await ctx.receive(Word);
  if (n > 0) co_return co_await ctx.continue_as_new(Chain, n - 1);
  co_return 7;
}
stet::task<int> counts(stet::context& ctx, int n) {
  co_await ctx.transact("count", {.retry = {.initial_interval = 1ms}}, [n](stet::transaction& tx) {
    tx.put(Notes, n, "one");
    tx.put(Notes, n + 1, "two");
  });
  co_return n;
}
void define(stet::engine& e) {
  e.define(Echo, echo);
  e.define(Listens, listens);
  e.define(Parent, parent);
  e.define(Chain, chain);
  e.define(Counts, counts);
}

/// Calls `f`. Returns whether it threw anything.
bool throws(const std::function<void()>& f) {
  try {
    f();
  } catch (...) { return true; }
  return false;
}

/// Throws by `way` at the next call only.
std::function<void(int)> once(const std::function<void()>& way) {
  return [way, happened = std::make_shared<bool>(false)](int) {
    if (!std::exchange(*happened, true)) way();
  };
}

void check_sound(world& w) {
  w.close();
  auto report = stet::check(*w.store());
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  CHECK(report.stalled_runs == 0);
}

}  // namespace

TEST_CASE("a start whose payload can't be sealed leaves nothing behind") {
  for (auto& [name, way] : ways) {
    CAPTURE(name);
    world w;
    auto t = std::make_shared<moody>();
    w.options.transforms = {t};
    w.open(define);
    t->on_seal = once(way);
    CHECK(throws([&] { w.engine().start(Echo, "one", "hello"); }));
    CHECK(!w.engine().find(Echo, "one"));
    CHECK(w.engine().admin().list().runs.empty());
    CHECK(w.run(Echo, "one", "hello") == "hello!");
    w.restart();
    CHECK(w.engine().find(Echo, "one")->result() == "hello!");
    check_sound(w);
  }
}

TEST_CASE("a signal or an update that can't be sealed was not sent") {
  for (auto& [name, way] : ways) {
    for (std::size_t resident : {0u, 100u}) {
      CAPTURE(name);
      world w({.resident = resident});
      auto t = std::make_shared<moody>();
      w.options.transforms = {t};
      w.open(define);
      auto run = w.engine().start(Listens, "l", ".");
      w.settle();
      auto before = w.engine().admin().history("l").size();
      t->on_seal = once(way);
      CHECK(throws([&] { run.signal(Word, "lost"); }));
      t->on_seal = once(way);
      CHECK(throws([&] { run.update(Say, "lost"); }));
      CHECK(w.engine().admin().history("l").size() == before);
      w.close();
      w.reopen();
      CHECK(w.engine().admin().describe("l").value().status == stet::status::running);
      run = *w.engine().find(Listens, "l");
      CHECK(run.update(Say, "x") == ".x");
      run.signal(Word, "a");
      run.signal(Word, "b");
      CHECK(w.result(run) == ".xab");
      check_sound(w);
    }
  }
}

TEST_CASE("of a transaction whose values can't be sealed nothing is written") {
  for (auto& [name, way] : ways) {
    for (int nth : {1, 2}) {
      CAPTURE(name);
      CAPTURE(nth);
      world w;
      auto t = std::make_shared<moody>();
      w.options.transforms = {t};
      w.open(define);
      auto both = [](stet::transaction& tx) {
        tx.put(Notes, 1, "one");
        tx.put(Notes, 2, "two");
      };
      auto from = t->seals;
      auto thrower = way;
      t->on_seal = [=](int n) {
        if (n == from + nth) thrower();
      };
      CHECK(throws([&] { w.engine().transact(both); }));
      CHECK(entries_of(w.engine(), Notes).empty());
      w.close();
      w.reopen();
      CHECK(entries_of(w.engine(), Notes).empty());
      w.engine().transact(both);
      CHECK(entries_of(w.engine(), Notes).size() == 2);
      check_sound(w);
    }
  }
}

TEST_CASE("a step's transaction that can't be sealed is tried again, whole") {
  for (auto& [name, way] : ways) {
    for (int nth : {1, 2, 3}) {  // the two values, and the result
      CAPTURE(name);
      CAPTURE(nth);
      world w;
      auto t = std::make_shared<moody>();
      w.options.transforms = {t};
      w.open(define);
      auto run = w.engine().start(Counts, "c", 1);
      auto from = t->seals;
      auto thrower = way;
      t->on_seal = [=](int n) {
        if (n == from + nth) thrower();
      };
      CHECK(w.result(run) == 1);
      CHECK(entries_of(w.engine(), Notes).size() == 2);
      check_sound(w);
    }
  }
}

TEST_CASE("wherever sealing fails, once, nobody is lost and others go on") {
  for (auto& [name, way] : ways) {
    for (std::size_t resident : {0u, 100u}) {
      int all = 0;
      for (int nth = 0; nth <= all; ++nth) {  // the first round counts the payloads
        CAPTURE(name);
        CAPTURE(resident);
        CAPTURE(nth);
        world w({.resident = resident});
        auto t = std::make_shared<moody>();
        w.options.transforms = {t};
        w.open(define);
        auto thrower = way;
        t->on_seal = [=](int n) {
          if (n == nth) thrower();
        };
        auto act = [&](const std::function<void()>& f) {  // a caller that tries again
          if (throws(f)) f();
        };
        auto& e = w.engine();
        act([&] { e.start(Parent, "p", "child"); });
        act([&] { e.start(Chain, "chain", 1); });
        w.settle();
        act([&] { e.find(Chain, "chain")->signal(Word, "go", {.idempotency_key = "1"}); });
        w.settle();
        for (auto* id : {"p", "p/c", "chain"})
          if (auto info = e.admin().describe(id); info && info->status == stet::status::stalled)
            e.admin().resume(id);
        w.finish();
        act([&] { e.find(Chain, "chain")->signal(Word, "go", {.idempotency_key = "2"}); });
        w.settle();
        for (auto* id : {"p", "p/c", "chain"})
          if (auto info = e.admin().describe(id); info && info->status == stet::status::stalled)
            e.admin().resume(id);
        w.finish();
        CHECK(e.find(Chain, "chain")->status() == stet::status::completed);
        CHECK(stet::decode<std::string>(e.admin().describe("chain").value().memo) == "kept");
        auto p = e.find(Parent, "p")->status();
        // If a child's result or its arguments can't be sealed, the parent gets a failure.
        CHECK((p == stet::status::completed || p == stet::status::failed));
        if (nth == 0) all = t->seals;
        check_sound(w);
      }
      CHECK(all > 10);
    }
  }
}

TEST_CASE("what a handler, a validator or a function throws is its caller's, whatever it is") {
  for (auto& [name, way] : ways) {
    for (std::size_t resident : {0u, 100u}) {
      CAPTURE(name);
      world w({.resident = resident});
      auto thrower = way;
      w.open([thrower](stet::engine& e) {
        e.define(Listens, [thrower](stet::context& ctx, std::string s) -> stet::task<std::string> {
          auto ask = ctx.on(Ask, [&]() -> std::string {
            thrower();
            return s;
          });
          auto say = ctx.on(
              Say, [&](const std::string&) { thrower(); },
              [&](const std::string& more) { return s += more; });
          co_return co_await ctx.receive(Word);
        });
        e.define(Echo, echo);
      });
      auto run = w.engine().start(Listens, "l", ".");
      w.settle();
      CHECK(throws([&] { (void)run.query(Ask); }));
      CHECK(throws([&] { (void)run.update(Say, "x"); }));
      CHECK(throws([&] {
        w.engine().transact([&](stet::transaction& tx) {
          tx.put(Notes, 1, "half");
          thrower();
        });
      }));
      CHECK(entries_of(w.engine(), Notes).empty());
      run.signal(Word, "end");
      CHECK(w.result(run) == "end");
      CHECK(throws([&] { (void)run.query(Ask); }));  // of a run that has ended
      CHECK(w.run(Echo, "others", "go on") == "go on!");
      check_sound(w);
    }
  }
}

TEST_CASE("a query of an entity that was never called may throw") {
  static constexpr stet::entity<int> Box{"box"};
  for (auto& [name, way] : ways) {
    CAPTURE(name);
    world w;
    auto thrower = way;
    w.open([thrower](stet::engine& e) {
      e.define(Box, stet::on(Ask, [thrower](const int&) -> std::string {
                 thrower();
                 return {};
               }));
      e.define(Echo, echo);
    });
    CHECK(throws([&] { (void)w.engine().call(Box, "b", Ask); }));
    CHECK(w.run(Echo, "others", "go on") == "go on!");
  }
}

TEST_CASE("a workflow's function that throws before it is a coroutine harms nobody") {
  for (auto& [name, way] : ways) {
    CAPTURE(name);
    world w;
    auto thrower = way;
    w.open([thrower](stet::engine& e) {
      e.define(Fails, [thrower](stet::context& ctx, int n) -> stet::task<int> {
        thrower();
        return [](stet::context&, int m) -> stet::task<int> { co_return m; }(ctx, n);
      });
      e.define(Echo, echo);
    });
    auto run = w.engine().start(Fails, "f", 1);
    w.settle();
    CHECK(run.status() == stet::status::stalled);
    CHECK(w.run(Echo, "others", "go on") == "go on!");
    w.close();
    w.open([](stet::engine& e) {
      e.define(Fails, [](stet::context&, int n) -> stet::task<int> { co_return n; });
      e.define(Echo, echo);
    });
    CHECK(w.result(*w.engine().find(Fails, "f")) == 1);
    check_sound(w);
  }
}

TEST_CASE("a payload that can't be opened when a child ends isn't needed then") {
  for (auto& [name, way] : ways) {
    CAPTURE(name);
    world w;
    auto t = std::make_shared<moody>();
    w.options.transforms = {t};
    w.open(define);
    auto run = w.engine().start(Parent, "p", "x");
    auto thrower = way;
    t->on_open = [thrower](int) { thrower(); };
    w.settle();
    t->on_open = nullptr;
    CHECK(w.result(run) == "(x!)");
    check_sound(w);
  }
}

TEST_CASE("opening fails for a moment: the run goes on by itself, or when it is told to") {
  for (auto& [name, way] : ways) {
    for (unsigned check : {0u, 1u}) {
      CAPTURE(name);
      world w({.resident = 0, .check = check});
      auto t = std::make_shared<moody>();
      w.options.transforms = {t};
      w.open(define);
      auto run = w.engine().start(Listens, "l", ".");
      w.settle();
      t->on_open = once(way);
      run.signal(Word, "a");
      w.settle();
      if (run.status() == stet::status::stalled) w.engine().admin().resume("l");
      run.signal(Word, "b");
      CHECK(w.result(run) == ".ab");
      check_sound(w);
    }
  }
}

TEST_CASE("predicates and an interceptor that throw harm their step or run only") {
  struct stands_between final : stet::interceptor {
    std::string run_step(const stet::step_attempt& a, stet::step_body& body) override {
      auto result = body.run();
      if (a.attempt == 1) thrower();
      return result;
    }
    std::function<void()> thrower;
  };
  for (auto& [name, way] : ways) {
    CAPTURE(name);
    world w;
    stands_between between;
    between.thrower = way;
    w.options.interceptor = &between;
    auto thrower = way;
    w.open([thrower](stet::engine& e) {
      e.define(Late, [thrower](stet::context& ctx, int n) -> stet::task<int> {
        co_await ctx.step("intercepted", [] {});
        co_await ctx.transact("kept", {.retry = {.initial_interval = 1ms}},
                              [](stet::transaction& tx) { tx.put(Notes, 1, "x"); });
        try {
          co_await ctx.until([thrower] {
            thrower();
            return false;
          });
        } catch (...) { n += 1; }
        co_return n;
      });
      e.define(Echo, echo);
    });
    auto run = w.engine().start(Late, "l", 1);
    w.finish();
    if (run.status() == stet::status::stalled) {  // without memory a run is stalled
      CHECK(std::string(name) == "bad_alloc");
    } else {
      CHECK(w.result(run) == 2);
    }
    CHECK(w.run(Echo, "others", "go on") == "go on!");
    CHECK(entries_of(w.engine(), Notes).size() == 1);
  }
}

TEST_CASE("a listener that throws isn't listened to") {
  struct loud final : stet::listener {
    void log(std::string_view, std::string_view) override { throw std::runtime_error("disk full"); }
    void problem(std::string_view) override { throw 42; }
  };
  world w;
  loud l;
  w.options.listener = &l;
  w.open([](stet::engine& e) {
    e.define(Echo, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
      ctx.log("begins");
      co_return s;
    });
    e.define(Fails, [](stet::context&, int) -> stet::task<int> {
      throw 42;  // is reported as a problem
    });
  });
  CHECK(w.run(Echo, "e", "x") == "x");
  (void)w.engine().start(Fails, "f", 1);
  w.settle();
  CHECK(w.engine().admin().describe("f").value().status == stet::status::stalled);
}

TEST_CASE("a listener that calls an engine gets an error that says so, on any thread") {
  struct curious final : stet::listener {
    void log(std::string_view, std::string_view) override { ask(); }
    void event(const stet::engine_event& e) override {
      if (e.kind == stet::event_kind::loop_held) ask();
    }
    void ask() {
      auto answer = what_throws([&] { (void)engine->admin().describe("r"); });
      all_refused = all_refused && answer.code == stet::errc::usage && answer.says("listener");
      all_refused = all_refused && what_throws([&] { engine->close(); }).says("listener");
      ++asked;
    }
    stet::engine* engine = nullptr;
    bool all_refused = true;  // the listener is called one event at a time
    std::atomic<int> asked = 0;
  };
  for (unsigned threads : {0u, 2u}) {
    curious c;
    stet::engine e(stet::memory::open(), {.threads = threads, .watchdog = 5ms, .listener = &c});
    c.engine = &e;
    e.define(Echo, [&](stet::context& ctx, std::string s) -> stet::task<std::string> {
      ctx.log("begins");
      // With threads the watchdog calls the listener, while the loop is here.
      while (threads > 0 && c.asked < 2) std::this_thread::sleep_for(1ms);
      std::this_thread::sleep_for(10ms);
      co_return s;
    });
    e.start();
    CHECK(e.start(Echo, "r", "x").result() == "x");
    e.close();
    CHECK(c.asked >= 2);
    CHECK(c.all_refused);
  }
}
