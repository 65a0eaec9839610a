// A run whose snapshot can't be read still exists. Calls on it get errc::corrupt, and no other run
// takes its place. Events that it is owed meanwhile reach it when it can be read again. Runs that
// wait for it get an error when it is given up.
#include <set>

#include <stet/check.hpp>
#include <stet/entity.hpp>

#include "keys/keys.hpp"
#include "tests/support/damaged_store.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::entity<int> Account{"account"};
inline constexpr stet::update<int(int)> Pay{"pay"};
inline constexpr stet::update<int(int)> Ask{"ask"};
inline constexpr stet::workflow<std::string(int)> Payer{"payer"};
inline constexpr stet::workflow<std::string()> Sender{"sender"};
inline constexpr stet::workflow<std::string()> Ends{"ends"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};
inline constexpr stet::workflow<std::string(bool)> Boss{"boss"};
inline constexpr stet::workflow<int()> Worker{"worker"};
inline constexpr stet::workflow<int()> Desk{"desk"};
inline constexpr stet::workflow<std::string()> Asker{"asker"};
inline constexpr stet::workflow<int()> Shop{"shop"};
inline constexpr stet::workflow<int()> Short{"short"};
inline constexpr stet::promise<int> Paid{"paid"};
inline constexpr stet::signal<void> Go{"go"};

void define_all(stet::engine& e) {
  e.define(Account, stet::on(Pay, [](int& sum, int n) { return sum += n; }));
  e.define(Payer, [](stet::context& ctx, int n) -> stet::task<std::string> {
    try {
      co_return std::to_string(co_await ctx.call(Account, "ann", Pay, n));
    } catch (const stet::error& x) { co_return std::string(to_string(x.code())); }
  });
  e.define(Sender, [](stet::context& ctx) -> stet::task<std::string> {
    try {
      co_await ctx.signal("worker", Go);
      co_return "sent";
    } catch (const stet::error& x) { co_return std::string(to_string(x.code())); }
  });
  e.define(Ends, [](stet::context& ctx) -> stet::task<std::string> {
    try {
      co_await ctx.cancel("worker");
      co_return "asked";
    } catch (const stet::error& x) { co_return std::string(to_string(x.code())); }
  });
  e.define(Chain, [](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.receive(Go);
    if (n == 1) co_await ctx.receive(Go);
    if (n == 1) co_return 7;
    co_return co_await ctx.continue_as_new(Chain, 1);
  });
  e.define(Boss, [](stet::context& ctx, bool asks) -> stet::task<std::string> {
    stet::child_options o;
    if (asks) o.parent_close = stet::parent_close::request_cancel;
    try {
      co_return "worker says " + std::to_string(co_await ctx.child(Worker, "worker", o));
    } catch (const stet::error&) { co_return "told"; }
  });
  e.define(Worker, [](stet::context& ctx) -> stet::task<int> {
    co_await ctx.receive(Go);
    co_return 5;
  });
  e.define(Desk, [](stet::context& ctx) -> stet::task<int> {
    auto asking = ctx.on(Ask, [](stet::context& c, int n) -> stet::task<int> {
      co_await c.receive(Go);
      co_return n + 1;
    });
    co_await ctx.receive(Go);
    co_await ctx.receive(Go);
    co_return 1;
  });
  e.define(Asker, [](stet::context& ctx) -> stet::task<std::string> {
    try {
      co_return "desk says " + std::to_string(co_await ctx.update("desk", Ask, 1));
    } catch (const stet::error&) { co_return "told"; }
  });
  e.define(Shop, [](stet::context& ctx) -> stet::task<int> {
    auto paid = ctx.promise(Paid);
    ctx.set_memo(paid.token());
    co_return co_await paid.wait();
  });
  e.define(Short, [](stet::context&) -> stet::task<int> { co_return 1; });
}

/// An engine on a store in which the test makes some snapshots unreadable.
struct town {
  std::shared_ptr<stet::memory::contents> contents = stet::memory::make_contents();
  fake_clock clock;
  seeded_entropy entropy;
  recorder heard;
  std::set<std::string, std::less<>> damaged;
  std::size_t resident = 100'000, tail = 64U << 20;
  std::unique_ptr<stet::engine> engine;

  town() { open(); }
  town(std::size_t r, std::size_t t) : resident(r), tail(t) { open(); }
  void open() {
    stet::engine_options o;
    o.threads = 0;
    o.clock = &clock;
    o.entropy = &entropy;
    o.listener = &heard;
    o.resident_runs_max = resident;
    o.tail_bytes_max = tail;
    engine = std::make_unique<stet::engine>(
        std::make_unique<damaged_store>(
            stet::memory::open(contents),
            [this](std::string_view key) { return damaged.contains(key); }),
        o);
    define_all(*engine);
    engine->start();
    engine->run_until_idle();
  }
  void close() {
    engine->run_until_idle();
    engine->close();
    engine.reset();
  }
  stet::engine& operator*() const { return *engine; }
  stet::engine* operator->() const { return engine.get(); }
  std::uint64_t run_of(std::string_view id) const {
    return engine->admin().describe(id).value().run;
  }
  /// Begins another life, in which the latest run of this id can't be read.
  void damage(std::string_view id) {
    damaged = {stet::detail::keys::snapshot(stet::detail::run_number(run_of(id)))};
    close();
    open();
  }
  void restore() {
    close();
    damaged.clear();
    open();
    clock.advance(1h);
    engine->run_until_idle();
  }
  template <class R> R ends(const stet::workflow<R()>& w, std::string_view id) {
    engine->run_until_idle();
    auto run = engine->find(w, id);
    REQUIRE(run);
    REQUIRE_MESSAGE(run->wait_for(0ms), id, " waits for ever");
    return run->result();
  }
  void check() {
    close();
    auto s = stet::memory::open(contents);
    auto report = stet::check(*s);
    CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
    s->close();
  }
};

template <class F> stet::errc code_of(F f) {
  auto thrown = what_throws(f);
  CHECK(thrown.thrown);
  return thrown.code;
}

}  // namespace

TEST_CASE("an entity that can't be read isn't replaced by a new one when a workflow calls it") {
  town t;
  CHECK(t->call(Account, "ann", Pay, 1000) == 1000);
  auto run = t.run_of("account/ann");
  t.damage("account/ann");
  CHECK(code_of([&] { t->call(Account, "ann", Pay, 1); }) == stet::errc::corrupt);
  auto payer = t->start(Payer, "p", 1);
  t->run_until_idle();
  CHECK(payer.result() == "corrupt");
  t.restore();
  CHECK(t.run_of("account/ann") == run);
  CHECK(t->call(Account, "ann", Pay, 1) == 1001);
  t.check();
}

TEST_CASE("a workflow that sends something to a run that can't be read is told") {
  town t;
  (void)t->start(Worker, "worker");
  t.damage("worker");
  (void)t->start(Sender, "s");
  (void)t->start(Ends, "e");
  CHECK(t.ends(Sender, "s") == "corrupt");
  CHECK(t.ends(Ends, "e") == "corrupt");
}

TEST_CASE("calls by a handle of a chain whose open run can't be read aren't acknowledged") {
  town t(0, 4096);
  auto h = t->start(Chain, "c", 0);
  h.signal(Go);
  t->run_until_idle();
  auto run = t.run_of("c");
  for (int i = 0; i < 1000; ++i) (void)t->start(Short, "s" + std::to_string(i));
  t->run_until_idle();  // the run isn't resident any more
  t.damaged = {stet::detail::keys::snapshot(stet::detail::run_number(run))};
  CHECK(code_of([&] { h.cancel("please"); }) == stet::errc::corrupt);
  CHECK(code_of([&] { h.terminate("please"); }) == stet::errc::corrupt);
  CHECK(code_of([&] { h.signal(Go); }) == stet::errc::corrupt);
  CHECK(code_of([&] { h.result(); }) == stet::errc::corrupt);
  CHECK(code_of([&] { (void)h.status(); }) == stet::errc::corrupt);
  t.damaged.clear();
  h.signal(Go);
  h.signal(Go);
  t->run_until_idle();
  CHECK(h.result() == 7);
}

TEST_CASE("a promise of a run that can't be read isn't called unknown") {
  town t;
  (void)t->start(Shop, "shop");
  t->run_until_idle();
  auto info = t->admin().describe("shop");
  REQUIRE(info);
  auto token = info->waits_for.at(0).detail;
  t.damage("shop");
  CHECK(code_of([&] { (void)t->resolve(Paid, token, 3); }) == stet::errc::corrupt);
  t.restore();
  CHECK(t->resolve(Paid, token, 3));
  CHECK(t.ends(Shop, "shop") == 3);
}

TEST_CASE("a child ends while its parent can't be read: restored, the parent hears of it") {
  for (int lives : {1, 3}) {
    town t;
    auto boss = t->start(Boss, "boss", false);
    t->run_until_idle();
    t.damage("boss");
    t->signal("worker", Go);
    t->run_until_idle();
    CHECK(t->admin().describe("worker").value().status == stet::status::completed);
    for (int i = 1; i < lives; ++i) {
      t.close();
      t.open();
    }
    t.restore();
    auto again = t->find(Boss, "boss");
    REQUIRE(again->wait_for(0ms));
    CHECK(again->result() == "worker says 5");
    t.check();
  }
}

TEST_CASE(
    "a parent ends while its child can't be read: restored, the child meets what it would have") {
  for (bool asks : {false, true}) {
    CAPTURE(asks);
    town t;
    (void)t->start(Boss, "boss", asks);
    t->run_until_idle();
    t.damage("worker");
    t->terminate("boss");
    t->run_until_idle();
    t.restore();
    CHECK(t->admin().describe("worker").value().status ==
          (asks ? stet::status::cancelled : stet::status::terminated));
    t.check();
  }
}

TEST_CASE(
    "a call is answered while its caller can't be read: restored, the caller has the answer") {
  for (bool answers : {true, false}) {
    CAPTURE(answers);
    town t;
    (void)t->start(Desk, "desk");
    (void)t->start(Asker, "asker");
    t->run_until_idle();
    t.damage("asker");
    if (answers)
      for (int i = 0; i < 3; ++i) {
        t->signal("desk", Go);
        t->run_until_idle();
      }
    else t->terminate("desk");
    t->run_until_idle();
    t.restore();
    CHECK(t.ends(Asker, "asker") == (answers ? "desk says 2" : "told"));
    t.check();
  }
}

TEST_CASE("what is owed is known to check, and waits until all that it needs can be read") {
  town t;
  (void)t->start(Boss, "boss", false);
  t->run_until_idle();
  auto worker = t.run_of("worker");
  t.damage("boss");
  t->signal("worker", Go);
  t->run_until_idle();
  auto boss_key = *t.damaged.begin();
  {
    t.close();
    damaged_store s(stet::memory::open(t.contents),
                    [&](std::string_view key) { return key == boss_key; });
    auto report = stet::check(s);
    bool named = false;
    for (auto& p : report.problems) named |= p.find("is owed") != std::string::npos;
    CHECK(named);
    s.close();
    auto whole = stet::memory::open(t.contents);  // the snapshot is back, no engine read it yet
    auto after = stet::check(*whole);
    CHECK_MESSAGE(after.ok(), (after.problems.empty() ? "" : after.problems[0]));
    whole->close();
  }
  t.damaged = {stet::detail::keys::snapshot(
      stet::detail::run_number(worker))};  // now the boss can be read, its worker can't
  t.open();
  CHECK(t->admin().describe("boss").value().status == stet::status::running);
  t.restore();
  CHECK(t->find(Boss, "boss")->result() == "worker says 5");
  t.check();
}

TEST_CASE("who waits for a run that can't be read is told when it is given up") {
  SUBCASE("its parent") {
    town t;
    (void)t->start(Boss, "boss", false);
    t->run_until_idle();
    t.damage("worker");
    CHECK(t->admin().erase("worker", {.terminate = true}) == 1);
    t->run_until_idle();
    CHECK(t->find(Boss, "boss")->result() == "told");
    t.damaged.clear();
    t.check();
  }
  SUBCASE("who has called it") {
    town t;
    (void)t->start(Desk, "desk");
    (void)t->start(Asker, "asker");
    t->run_until_idle();
    t.damage("desk");
    CHECK(t->admin().erase("desk", {.terminate = true}) == 1);
    CHECK(t.ends(Asker, "asker") == "told");
    t.damaged.clear();
    t.check();
  }
  SUBCASE("what its chain was sent goes with it") {
    town t;
    auto h = t->start(Chain, "c", 0);
    auto first = t.run_of("c");
    h.signal(Go, {.idempotency_key = "k1"});
    t->run_until_idle();
    h.signal(Go, {.idempotency_key = "k2"});
    h.signal(Go, {.idempotency_key = "k3"});
    t->run_until_idle();
    t.close();
    t.damaged = {stet::detail::keys::snapshot(stet::detail::run_number(first))};
    t.open();
    CHECK(t->admin().erase("c") == 2);
    t.damaged.clear();
    t.check();
  }
}

TEST_CASE("check names a call whose addressee is over") {
  town t;
  (void)t->start(Desk, "desk");
  (void)t->start(Asker, "asker");
  t->run_until_idle();
  auto desk = t.run_of("desk");
  t.close();
  auto s = stet::memory::open(t.contents);
  CHECK(stet::check(*s).ok());
  stet::batch b;  // as if a build had lost the end of the called run
  b.erase(stet::detail::keys::snapshot(stet::detail::run_number(desk)));
  s->commit(b, stet::durability::sync);
  auto report = stet::check(*s);
  bool named = false;
  for (auto& p : report.problems) named |= p.find("waits for an answer") != std::string::npos;
  CHECK(named);
  s->close();
}
