// The bytes of one run are damaged, each run's in turn, in every store. Every other run finishes,
// in this life and the next, and a run that waits for the damaged one gets its end.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <stet/check.hpp>

#include "keys/keys.hpp"
#include "run_state/run_state.hpp"
#include "tests/support/damaged_store.hpp"
#include "tests/support/stores.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Sleeper{"sleeper"};
inline constexpr stet::workflow<int()> Desk{"desk"};
inline constexpr stet::workflow<std::string(std::string)> Asker{"asker"};
inline constexpr stet::workflow<std::string()> Boss{"boss"};
inline constexpr stet::workflow<int()> Worker{"worker"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};
inline constexpr stet::signal<void> Go{"go"};
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::update<int(int)> Ask{"ask"};
inline constexpr stet::query<int()> Look{"look"};

using pairs = std::map<std::string, std::string>;

void define_all(stet::engine& e) {
  e.define(Sleeper, [](stet::context& ctx) -> stet::task<int> {
    auto looking = ctx.on(Look, [] { return 1; });
    co_await ctx.sleep(1h);
    co_return co_await ctx.step("step", [] { return 1; });
  });
  e.define(Desk, [](stet::context& ctx) -> stet::task<int> {
    auto asking = ctx.on(Ask, [](stet::context& c, int n) -> stet::task<int> {
      co_await c.receive(Go);
      co_return n;
    });
    co_await ctx.receive(Go);
    co_return 1;
  });
  e.define(Asker, [](stet::context& ctx, std::string whom) -> stet::task<std::string> {
    auto answer = co_await stet::attempt(ctx.update(whom, Ask, 1));
    co_return answer ? "answered" : "told";
  });
  e.define(Boss, [](stet::context& ctx) -> stet::task<std::string> {
    auto done = co_await stet::attempt(ctx.child(Worker, "worker"));
    co_return done ? "done" : "told";
  });
  e.define(Worker, [](stet::context& ctx) -> stet::task<int> {
    auto asking = ctx.on(Ask, [](stet::context& c, int n) -> stet::task<int> {
      co_await c.receive(Go);
      co_return n;
    });
    co_await ctx.receive(Go);
    co_return 1;
  });
  e.define(Chain, [](stet::context& ctx, int n) -> stet::task<int> {
    if (n == 0) {
      co_await ctx.receive(Number);
      co_return co_await ctx.continue_as_new(Chain, 1);
    }
    co_await ctx.sleep(1h);
    co_return n;
  });
}

/// The engine of one life, which the test drives.
struct life {
  std::unique_ptr<stet::engine> engine;
  fake_clock& clock;
  recorder& heard;
  life(std::unique_ptr<stet::store> s, fake_clock& c, seeded_entropy& e, recorder& h,
       const std::string& damaged, std::size_t resident = 100'000, unsigned check = 0)
      : clock(c), heard(h) {
    stet::engine_options o;
    o.threads = 0;
    o.clock = &c;
    o.entropy = &e;
    o.listener = &h;
    o.resident_runs_max = resident;
    o.replay_check_interval = check;
    o.commits = stet::durability::process;
    engine = std::make_unique<stet::engine>(
        std::make_unique<damaged_store>(
            std::move(s), [&damaged](std::string_view key) { return key == damaged; }),
        o);
    define_all(*engine);
    engine->start();
    engine->run_until_idle();
  }
  void pass(stet::duration d) const {
    clock.advance(d);
    engine->run_until_idle();
  }
};

/// The content of a store in which all runs wait for something.
struct town {
  pairs content;
  std::map<stet::detail::run_number, std::string> ids;
};
town build() {
  auto contents = stet::memory::make_contents();
  fake_clock clock;
  seeded_entropy entropy;
  recorder heard;
  std::string nothing;
  {
    life l(stet::memory::open(contents), clock, entropy, heard, nothing);
    auto& e = *l.engine;
    (void)e.start(Sleeper, "sleeper");
    (void)e.start(Sleeper, "timed sleeper", {.run_timeout = 50min});
    (void)e.start(Desk, "desk", {.run_timeout = 30min});
    (void)e.start(Boss, "boss");
    (void)e.start(Asker, "asker", "desk");
    e.run_until_idle();
    (void)e.start(Asker, "asker of the worker", "worker");
    (void)e.start(Chain, "chain", 0);
    e.signal("chain", Number, 1, {.idempotency_key = "k"});
    e.run_until_idle();
    e.close();
  }
  town t;
  auto s = stet::memory::open(contents);
  stet::scan(*s, {}, [&](std::string_view key, std::string_view value) {
    t.content.emplace(key, value);
    if (key.size() > 1 && key[0] == 0 && key[1] == 'r') {
      auto state = stet::detail::decode_run_state(value);
      t.ids[state.run] = state.id;
    }
    return true;
  });
  return t;
}

void fill(stet::store& s, const pairs& content) {
  stet::batch b;
  for (auto& [key, value] : content) b.put(key, value);
  s.commit(b, stet::durability::process);
  s.close();
}

/// A call may throw only stet::error, as its documentation says.
template <class F> void tolerate(F f) {
  auto thrown = what_throws(f);
  CHECK_MESSAGE(!thrown.says("not a stet::error"), thrown.text);
  CHECK_FALSE(thrown.says("engine stopped"));
}

void call_everything(stet::engine& e, const std::string& id) {
  tolerate([&] { (void)e.admin().describe(id); });
  tolerate([&] { (void)e.admin().history(id); });
  tolerate([&] { (void)e.query(id, Look); });
  tolerate([&] { e.signal(id, Number, 1, {.idempotency_key = "k"}); });
  tolerate([&] { e.signal(id, Number, 1, {.idempotency_key = "other"}); });
  tolerate([&] { e.cancel(id); });
  tolerate([&] { e.admin().resume(id); });
  tolerate([&] { (void)e.admin().list(); });
  tolerate([&] { e.run_until_idle(); });
}

/// Every run has ended that doesn't depend on the unreadable one.
void check_others(stet::engine& e, const town& t, stet::detail::run_number damaged, bool snapshot) {
  auto& name = t.ids.at(damaged);
  std::set<std::string> may_be_open{name};
  if (snapshot && name == "desk") may_be_open.insert("asker");
  if (snapshot && name == "worker") may_be_open.insert({"boss", "asker of the worker"});
  for (auto& [run, id] : t.ids) {
    if (may_be_open.contains(id)) continue;
    CAPTURE(id);
    auto info = e.admin().describe(id);
    REQUIRE(info);
    CHECK(info->status != stet::status::running);
    CHECK(info->status != stet::status::stalled);
  }
  CHECK_NOTHROW(e.start(Worker, "new"));  // the engine goes on
}

struct trial {
  std::size_t resident = 100'000;
  unsigned check = 0;
  bool in_life = false;  // the damage happens while an engine is open
};

void damage(const kind_of_store& kind, const town& t, const std::string& key, const trial& how) {
  temporary_directory directory;
  auto path = directory / "store";
  fill(*kind.open(path), t.content);
  fake_clock clock;
  seeded_entropy entropy;
  recorder heard;
  std::string damaged;
  bool snapshot = key[1] == 'r';
  const stet::detail::run_number run(
      stet::detail::source(std::string_view(key).substr(2)).big_endian());
  auto& name = t.ids.at(run);
  CAPTURE(name);
  CAPTURE(snapshot);
  if (!how.in_life) damaged = key;
  {
    life l(kind.open(path), clock, entropy, heard, damaged, how.resident, how.check);
    damaged = key;
    l.pass(2h);
    if (!snapshot) l.engine->terminate("worker");
    else tolerate([&] { l.engine->terminate("worker"); });
    l.engine->run_until_idle();
    check_others(*l.engine, t, run, snapshot);
    l.engine->close();
  }
  {
    life l(kind.open(path), clock, entropy, heard, damaged, how.resident, how.check);
    check_others(*l.engine, t, run, snapshot);
    call_everything(*l.engine, name);
    if (!snapshot) {
      l.engine->terminate(name);
      l.engine->run_until_idle();
      auto status = l.engine->admin().describe(name).value().status;
      CHECK(status != stet::status::running);
      CHECK(status != stet::status::stalled);
    }
    l.engine->close();
  }
  CHECK_FALSE(heard.heard("the engine stopped"));
}

}  // namespace

TEST_CASE("each run's bytes are damaged in turn, in every store: every other run finishes") {
  auto t = build();
  for (auto& kind : kinds_in_files()) {
    CAPTURE(kind.scheme);
    for (auto& [key, value] : t.content)
      if (key.size() > 1 && key[0] == 0 && (key[1] == 'h' || key[1] == 'r')) {
        damage(kind, t, key, {});
        if (kind.scheme == "lmdb") damage(kind, t, key, {.resident = 0});
      }
  }
}

TEST_CASE("the same in memory, at a start and under an open engine, however much is resident") {
  auto t = build();
  for (bool in_life : {false, true})
    for (unsigned check : {0u, 1u})
      for (std::size_t resident : {std::size_t{0}, std::size_t{100'000}})
        for (auto& [key, value] : t.content)
          if (key.size() > 1 && key[0] == 0 && (key[1] == 'h' || key[1] == 'r')) {
            CAPTURE(in_life);
            CAPTURE(check);
            CAPTURE(resident);
            for (auto& kind : all_kinds())
              if (kind.scheme == "memory") damage(kind, t, key, {resident, check, in_life});
          }
}

TEST_CASE("a run whose history is damaged times out, and whoever called it is told") {
  auto t = build();
  for (auto& [run, name] : t.ids) {
    if (name != "desk") continue;
    auto kind = all_kinds().back();
    fill(*kind.open(""), t.content);
    fake_clock clock;
    seeded_entropy entropy;
    recorder heard;
    auto key = stet::detail::keys::history(run, 0);
    life l(kind.open(""), clock, entropy, heard, key);
    CHECK(l.engine->admin().describe("asker").value().status == stet::status::running);
    l.pass(31min);
    CHECK(l.engine->admin().describe("desk").value().status == stet::status::timed_out);
    CHECK(l.engine->find(Asker, "asker")->result() == "told");
    CHECK(heard.heard("its callers are found"));
  }
}

TEST_CASE("a run whose history is damaged is terminated by hand, and its parent is told") {
  auto t = build();
  for (auto& [run, name] : t.ids) {
    if (name != "worker") continue;
    auto kind = all_kinds().back();
    fill(*kind.open(""), t.content);
    fake_clock clock;
    seeded_entropy entropy;
    recorder heard;
    auto key = stet::detail::keys::history(run, 0);
    life l(kind.open(""), clock, entropy, heard, key);
    l.engine->terminate("worker", "it is no use");
    l.engine->run_until_idle();
    CHECK(l.engine->admin().describe("worker").value().status == stet::status::terminated);
    CHECK(l.engine->find(Boss, "boss")->result() == "told");
    CHECK(l.engine->find(Asker, "asker of the worker")->result() == "told");
  }
}
