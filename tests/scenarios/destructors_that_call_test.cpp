// Destructors in a workflow's frame that call everything a workflow may call, for every way in
// which a frame can end. While Stet destroys a frame, all these calls are inert: they neither throw
// nor record anything.
#include <set>
#include <vector>

#include <stet/check.hpp>
#include <stet/entity.hpp>
#include <stet/saga.hpp>
#include <stet/testing.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Work{"work"};
inline constexpr stet::workflow<int()> Child{"child"};
inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::signal<void> Stop{"stop"};
inline constexpr stet::query<int()> State{"state"};
inline constexpr stet::query<int()> Late{"late"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::update<int(int)> LateAdd{"late add"};
inline constexpr stet::promise<int> Answer{"answer"};
inline constexpr stet::attribute<std::string> Customer{"Customer"};
inline constexpr stet::entity<int> Counter{"counter"};

/// Counts the destructors in all runs of a test, and lists the calls in them that threw.
struct account {
  int destroyed = 0;
  std::vector<std::string> threw;
  template <class F> void call(const char* what, F f) {
    try {
      f();
    } catch (const std::exception& e) { threw.push_back(std::string(what) + ": " + e.what()); }
  }
};

/// Everything that a destructor may use.
struct hands {
  stet::context& ctx;
  account& told;
  stet::scope* part = nullptr;
  stet::saga* undo = nullptr;
  const stet::child_handle<int>* child = nullptr;
  const stet::pending_promise<int>* answer = nullptr;
};

void make_operations(const hands& h) {
  auto& ctx = h.ctx;
  auto make = [&](const char* what, auto f) { h.told.call(what, [&] { (void)f(); }); };
  make("step", [&] { return ctx.step("last", [] { return 1; }); });
  make("step with options",
       [&] { return ctx.step("last", {.timeout = 1s}, [](int n) { return n; }, 1); });
  make("try_step", [&] { return ctx.try_step("last", [] { return 1; }); });
  make("transact", [&] { return ctx.transact("last", [](stet::transaction&) { return 1; }); });
  make("sleep", [&] { return ctx.sleep(1h); });
  make("sleep_until", [&] { return ctx.sleep_until(ctx.now() + 1h); });
  make("child", [&] { return ctx.child(Child, "child of nobody"); });
  make("receive", [&] { return ctx.receive(Go); });
  make("receive with a limit", [&] { return ctx.receive(Go, 1h); });
  make("until", [&] { return ctx.until([] { return true; }); });
  make("until with a limit", [&] { return ctx.until([] { return true; }, 1h); });
  make("handlers_done", [&] { return ctx.handlers_done(); });
  make("signal", [&] { return ctx.signal("other", Go, 1); });
  make("signal of nothing", [&] { return ctx.signal("other", Stop); });
  make("update", [&] { return ctx.update("other", Add, 1); });
  make("call", [&] { return ctx.call(Counter, "c", Add, 1); });
  make("call of a query", [&] { return ctx.call(Counter, "c", State); });
  make("cancel", [&] { return ctx.cancel("other", "why"); });
  make("saga", [&] { return ctx.saga([&](stet::saga&) -> stet::task<int> { co_return 1; }); });
  make("continue_as_new", [&] { return ctx.continue_as_new(Work); });
  make("all", [&] { return stet::all(ctx.sleep(1h), ctx.receive(Go)); });
  make("any", [&] { return stet::any(ctx.sleep(1h), ctx.receive(Go)); });
  make("first_success", [&] { return stet::first_success(ctx.sleep(1h), ctx.receive(Go)); });
  make("with_timeout", [&] { return stet::with_timeout(1h, ctx.receive(Go)); });
  make("shield", [&] { return stet::shield(ctx.receive(Go)); });
  make("attempt", [&] { return stet::attempt(ctx.receive(Go)); });
  make("try_all", [&] { return stet::try_all(ctx.receive(Go)); });
  make("with_scope",
       [&] { return stet::with_scope([](stet::scope&) -> stet::task<> { co_return; }); });
  make("map", [&] {
    return stet::map(std::vector{1, 2}, [&](stet::context& c, int) { return c.sleep(1h); });
  });
  make("try_map", [&] {
    return stet::try_map(std::vector{1, 2}, [&](stet::context& c, int) { return c.sleep(1h); });
  });
}

void change_the_run(const hands& h) {
  auto& ctx = h.ctx;
  auto call = [&](const char* what, auto f) { h.told.call(what, f); };
  call("set_attributes", [&] { ctx.set_attributes({Customer("last")}); });
  call("set_memo", [&] { ctx.set_memo(std::string("last")); });
  call("set_details", [&] { ctx.set_details("last"); });
  call("patched", [&] { (void)ctx.patched("last"); });
  call("deprecate_patch", [&] { ctx.deprecate_patch("last, too"); });
  call("log", [&] { ctx.log("last"); });
  call("start_child", [&] {
    auto c = ctx.start_child(Child, std::string(ctx.id()) + "/last");
    CHECK(c.id() == std::string(ctx.id()) + "/last");
    (void)c.result();
  });
  call("promise", [&] {
    auto p = ctx.promise(Answer);
    (void)p.token();
    (void)p.wait();
    (void)p.wait(1h);
  });
  call("on a query", [&] { auto answering = ctx.on(Late, [] { return 1; }); });
  call("on an update", [&] { auto answering = ctx.on(LateAdd, [](int n) { return n; }); });
  call("on an update with a validator",
       [&] { auto answering = ctx.on(LateAdd, [](int) {}, [](int n) { return n; }); });
  if (h.part) h.part->cancel("last");
}

void look_at_the_run(const hands& h) {
  auto& ctx = h.ctx;
  (void)ctx.now();
  (void)ctx.random();
  (void)ctx.uuid();
  (void)ctx.replaying();
  (void)ctx.continue_suggested();
  CHECK(!ctx.id().empty());
  if (h.part) (void)h.part->is_cancelled();
  if (h.child) {
    CHECK(!h.child->id().empty());
    h.told.call("result of a child", [&] { (void)h.child->result(); });
  }
  if (h.answer) {
    CHECK(!h.answer->token().empty());
    h.told.call("wait for a promise", [&] { (void)h.answer->wait(); });
  }
}

void use_the_saga(const hands& h) {
  if (!h.undo) return;
  h.told.call("undo", [&] { h.undo->undo_in_any_case("undo last", [](int) {}, 1); });
  h.told.call("undo_transact", [&] {
    h.undo->undo_transact_in_any_case("undo last, too", [](stet::transaction&, int) {}, 1);
  });
  h.told.call("a step that is undone",
              [&] { (void)h.undo->step("last step", [] { return 1; }).undo("no", [](int) {}); });
  h.told.call("compensate", [&] { (void)h.undo->compensate(); });
  h.undo->keep_all();
}

/// A variable of a workflow whose destructor calls everything that its run offers.
struct last_words {
  explicit last_words(const hands& with) : h(with) {}
  last_words(const last_words&) = delete;
  last_words& operator=(const last_words&) = delete;
  ~last_words() {
    ++h.told.destroyed;
    look_at_the_run(h);
    make_operations(h);
    change_the_run(h);
    use_the_saga(h);
  }
  hands h;
};

/// Waits for Go in a scope, beside a sibling that sleeps, deep inside everything that can be
/// composed.
stet::task<int> wait_in_a_scope(stet::context& ctx, hands h) {
  int got = 0;
  auto waiting = [&](stet::scope& s) -> stet::task<int> {
    hands inner = h;
    inner.part = &s;
    last_words here(inner);
    auto branch = [&](stet::context& c) -> stet::task<int> {
      last_words in_a_branch(inner);
      co_return co_await c.receive(Go);
    };
    auto won = co_await stet::any(branch, ctx.sleep(24h), stet::shield(ctx.sleep(48h)));
    co_return std::get<0>(won);
  };
  auto n = co_await stet::with_scope(waiting);
  if (n) got = *n;
  co_return got;
}

stet::task<int> work(stet::context& ctx, account& told) {
  hands h{ctx, told};
  auto child = ctx.start_child(Child, std::string(ctx.id()) + "/child");
  auto answer = ctx.promise(Answer);
  h.child = &child;
  h.answer = &answer;
  int state = 0;
  auto telling = ctx.on(State, [&] { return state; });
  auto adding = ctx.on(Add, [&](stet::context& c, int n) -> stet::task<int> {
    last_words in_a_handler(h);
    co_await c.receive(Stop);
    co_return state += n;
  });
  last_words here(h);
  auto n = co_await ctx.saga([&](stet::saga& s) -> stet::task<int> {
    hands inner = h;
    inner.undo = &s;
    last_words in_a_saga(inner);
    co_await s.step("book", [] { return 1; }).undo("cancel", [] {});
    co_return co_await wait_in_a_scope(ctx, inner);
  });
  state = n;
  if (n == 2) throw stet::permanent_error("two");
  if (n == 3) co_return co_await ctx.continue_as_new(Work);
  co_return n;
}

struct scene {
  explicit scene(cell c = {}) : w(c) {
    w.open([this](stet::engine& e) {
      e.define(Work, [this](stet::context& ctx) -> stet::task<int> { return work(ctx, told); });
      e.define(Child, [](stet::context& ctx) -> stet::task<int> {
        co_await ctx.sleep(1h);
        co_return 1;
      });
      e.define(Counter, stet::on(Add, [](int& c, int n) { return c += n; }),
               stet::on(State, [](const int& c) { return c; }));
    });
  }
  std::size_t records(const std::string& id) { return w.engine().admin().history(id).size(); }
  /// Starts a run that waits for Go.
  std::string begin(const std::string& id) {
    (void)w.engine().start(Work, id);
    w.settle();
    return id;
  }
  void end(const std::string& id, int n) {
    w.engine().signal(id, Go, n);
    w.settle();
  }
  void check_nothing_threw() {
    CHECK(told.destroyed > 0);
    for (auto& t : told.threw) FAIL_CHECK(t);
  }
  void check_store() {
    w.close();
    auto s = w.store();
    auto report = stet::check(*s);
    for (auto& p : report.problems) FAIL_CHECK(p);
  }
  account told;
  world w;
};

std::vector<cell> cells() {
  return {cell{}, cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true, .resident = 0}};
}

}  // namespace

TEST_CASE("destructors find everything inert when their engine is closed") {
  for (auto& c : cells()) {
    CAPTURE(c.name());
    scene s(c);
    auto id = s.begin("a");
    auto before = s.records(id);
    s.w.close();
    s.check_nothing_threw();
    s.w.reopen();
    s.w.settle();
    CHECK(s.records(id) == before);
    CHECK(s.w.engine().admin().describe(id).value().details != "last");
    s.end(id, 1);
    CHECK(s.w.run(Work, id) == 1);
    s.check_nothing_threw();
    s.check_store();
  }
}

TEST_CASE("destructors find everything inert when their run is evicted, and its replay goes on") {
  scene s(cell{.resident = 0});
  auto id = s.begin("a");
  auto before = s.records(id);
  CHECK(s.told.destroyed > 0);
  s.w.engine().signal("a", Stop);  // it is rebuilt, driven, and evicted again
  s.w.settle();
  CHECK(s.records(id) == before + 1);
  s.end(id, 1);
  CHECK(s.w.run(Work, id) == 1);
  s.check_nothing_threw();
  s.check_store();
}

TEST_CASE("destructors find everything inert when their run is terminated") {
  for (auto& c : cells()) {
    CAPTURE(c.name());
    scene s(c);
    auto id = s.begin("a");
    auto before = s.records(id);
    s.w.engine().find(Work, id)->terminate("enough");
    s.w.settle();
    CHECK(s.records(id) == before + 1);
    s.check_nothing_threw();
    s.check_store();
  }
}

TEST_CASE("destructors find everything inert when their run continues as new") {
  for (auto& c : cells()) {
    CAPTURE(c.name());
    scene s(c);
    auto id = s.begin("a");
    auto first = s.w.engine().find(Work, id);
    s.end(id, 3);
    s.w.pass(49h);  // a shielded operation takes that long
    s.end(id, 1);
    CHECK(s.w.result(*first) == 1);
    s.check_nothing_threw();
    s.check_store();
  }
}

TEST_CASE(
    "destructors may use their run while its own code ends: it returns, throws, is cancelled") {
  for (auto& c : cells()) {
    CAPTURE(c.name());
    scene s(c);
    for (auto id : {"returns", "throws", "cancelled"}) s.begin(id);
    s.end("returns", 1);
    s.end("throws", 2);
    s.w.engine().find(Work, "cancelled")->cancel("enough");
    s.w.settle();
    CHECK(s.w.run(Work, "returns") == 1);
    CHECK(what_throws([&] { s.w.run(Work, "throws"); }).says("two"));
    CHECK(what_throws([&] { s.w.run(Work, "cancelled"); }).says("enough"));
    CHECK(s.w.engine().admin().describe("returns").value().details ==
          "last");  // its code was alive, and set this
    s.check_nothing_threw();
    s.check_store();
  }
}

TEST_CASE("destructors find everything inert when a query of an ended run, or a preview, looks") {
  scene s;
  auto id = s.begin("a");
  s.end(id, 1);
  CHECK(s.w.run(Work, id) == 1);
  s.begin("b");
  auto ended = s.w.engine().find(Work, id);
  auto before = s.records(id);
  CHECK(ended->query(State) == 1);
  CHECK(s.records(id) == before);
  auto exported = stet::export_history(s.w.engine(), "b");
  s.w.close();
  auto next = s.w.make();
  CHECK(next->preview().stalled_runs == 0);
  next.reset();
  auto report = stet::testing::replay(
      [&](stet::engine& e) {
        e.define(Work, [&](stet::context& ctx) -> stet::task<int> { return work(ctx, s.told); });
      },
      {exported});
  CHECK(report.text().empty());
  s.check_nothing_threw();
}

TEST_CASE("destructors of an update's handler find everything inert when what answers it goes") {
  for (auto& c : cells()) {
    CAPTURE(c.name());
    scene s(c);
    auto id = s.begin("a");
    auto update = s.w.engine().find(Work, id)->start_update(Add, {.id = "u"}, 1);
    s.w.settle();
    s.end(id, 1);
    CHECK(s.w.run(Work, id) == 1);
    CHECK(what_throws([&] { (void)update.result(); }).code == stet::errc::update_failed);
    s.w.restart();  // a replay gives the same
    CHECK(s.w.engine().find(Work, id)->query(State) == 1);
    s.check_nothing_threw();
    s.check_store();
  }
}

TEST_CASE("destructors find everything inert when their run is stalled, or its process dies") {
  scene s;
  auto id = s.begin("a");
  s.w.crash();
  s.check_nothing_threw();
  s.w.reopen();
  s.w.settle();
  auto before = s.records(id);
  s.w.close();
  s.w.open([&](stet::engine& e) {  // another body stalls in the midst of its replay
    e.define(Work, [&](stet::context& ctx) -> stet::task<int> {
      hands h{ctx, s.told};
      last_words here(h);
      co_await ctx.step("something else", [] {});
      co_return 1;
    });
    e.define(Child, [](stet::context&) -> stet::task<int> { co_return 1; });
  });
  s.end(id, 1);
  CHECK(s.w.engine().admin().describe(id).value().status == stet::status::stalled);
  CHECK(s.records(id) == before + 2);  // the signal, and the stall
  s.check_nothing_threw();
  s.check_store();
}

TEST_CASE("a query's handler can't change its run, by its scope or by new handlers") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Work, [](stet::context& ctx) -> stet::task<int> {
        auto n = co_await stet::with_scope([&](stet::scope& s) -> stet::task<int> {
          auto cancels = ctx.on(State, [&] {
            s.cancel("by a query");
            return s.is_cancelled() ? 1 : 0;
          });
          auto answers = ctx.on(Late, [&] {
            auto more = ctx.on(LateAdd, [](int m) { return m; });
            return 1;
          });
          co_return co_await ctx.receive(Go);
        });
        co_return n ? *n : -1;
      });
    });
    auto run = w.engine().start(Work, "a");
    w.settle();
    CHECK(run.query(State) == 0);
    CHECK(what_throws([&] { run.query(Late); }).code == stet::errc::usage);
    w.engine().signal("a", Go, 7);
    CHECK(w.result(run) == 7);
  });
}
