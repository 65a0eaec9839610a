// Retention and long chains: earlier links may be erased while a later one is open.
#include <string>

#include <stet/check.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Chain{"chain"};
inline constexpr stet::workflow<std::string(int)> Parent{"parent"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::signal<> Go{"go"};
inline constexpr stet::update<int(int)> Pay{"pay"};
inline constexpr stet::query<int()> Sum{"sum"};

constexpr stet::duration keep = 1h;

/// A sum that continues as a new run at each "next", and returns at "end".
stet::task<int> chain(stet::context& ctx, int sum) {
  auto paying = ctx.on(Pay, [&sum](int n) { return sum += n; });
  auto telling = ctx.on(Sum, [&sum] { return sum; });
  for (;;) {
    auto word = co_await ctx.receive(Word);
    if (word == "end") co_return sum;
    if (word == "next") break;
    sum += std::stoi(word);
  }
  co_return co_await ctx.continue_as_new(Chain, sum);
}

/// How a parent ends, or gives its child up.
enum class farewell { ends, cancels, gives_up, waits };

stet::task<std::string> parent(stet::context& ctx, int how) {
  auto what = static_cast<farewell>(how);
  stet::child_options o;
  if (what == farewell::cancels) o.parent_close = stet::parent_close::request_cancel;
  if (what == farewell::waits) {
    auto sum = co_await ctx.child(Chain, "c", 0);
    co_return "the child says " + std::to_string(sum);
  }
  if (what == farewell::gives_up) {
    auto child = [](stet::context& c) -> stet::task<int> {
      co_return co_await c.child(Chain, "c", 0);
    };
    auto going = [](stet::context& c) -> stet::task<int> {
      co_await c.receive(Go);
      co_return -1;
    };
    co_await stet::any(child, going);
    co_await ctx.receive(Go);
    co_return std::string("gave it up");
  }
  auto child = ctx.start_child(Chain, "c", o, 0);
  co_await ctx.receive(Go);
  co_return std::string("ended");
}

void define_all(stet::engine& e) {
  e.define(Chain, chain);
  e.define(Parent, parent);
}
void open(world& w) {
  w.options.retention = keep;
  w.open(define_all);
}
void go_on(world& w, int times) {
  for (int i = 0; i < times; ++i) {
    w.engine().signal("c", Word, "next");
    w.settle();
  }
}
/// Lets time pass in parts, so that retention has something to do several times.
void let_time_pass(world& w, stet::duration d) {
  for (int i = 0; i < 3; ++i) w.pass(d / 3);
  w.pass(1s);
}
bool is_sound(world& w) {
  w.close();
  auto report = stet::check(*w.store());
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  w.reopen();
  return report.ok();
}
std::uint64_t links(world& w) { return w.engine().admin().count("WorkflowId = 'c'"); }

constexpr int many = 20;  // continuations: more than the number of links that are always kept

}  // namespace

TEST_CASE(
    "an update that is asked again with its id isn't done again when its run has been erased") {
  for (int times : {1, 3, 5})
    for (bool restarts : {false, true})
      everywhere([&](world& w) {
        INFO(times, " continuations, restart ", restarts);
        open(w);
        auto run = w.engine().start(Chain, "c", 0);
        CHECK(run.update(Pay, {.id = "p-1"}, 1000) == 1000);
        go_on(w, times);
        if (restarts) {
          w.restart();
          w.settle();
        }
        let_time_pass(w, 100h);
        if (restarts) w.restart();
        CHECK(w.engine().update("c", Pay, {.id = "p-1"}, 1000) == 1000);
        CHECK(w.engine().query("c", Sum) == 1000);
        CHECK(w.engine().update("c", Pay, {.id = "p-2"}, 1) == 1001);
        CHECK(w.engine().update("c", Pay, {.id = "p-2"}, 1) == 1001);
        CHECK(is_sound(w));
      });
}

TEST_CASE("a signal that is sent again with its key isn't delivered again when its run is erased") {
  for (int times : {1, 3, 5})
    everywhere([&](world& w) {
      open(w);
      w.engine().start(Chain, "c", 0);
      w.engine().signal("c", Word, "1000", {.idempotency_key = "k-1"});
      w.settle();
      go_on(w, times);
      let_time_pass(w, 100h);
      w.restart();
      w.engine().signal("c", Word, "1000", {.idempotency_key = "k-1"});
      w.engine().signal("c", Word, "1", {.idempotency_key = "k-2"});
      w.settle();
      CHECK(w.engine().query("c", Sum) == 1001);
    });
}

TEST_CASE("within its retention an id is known, however often its chain has gone on") {
  everywhere([](world& w) {
    open(w);
    auto run = w.engine().start(Chain, "c", 0);
    for (int i = 0; i < many; ++i) {
      auto id = "p-" + std::to_string(i);
      CHECK(run.update(Pay, {.id = id}, 1) == i + 1);
      w.engine().signal("c", Word, "0", {.idempotency_key = id});
      go_on(w, 1);
    }
    for (bool again : {false, true}) {
      for (int i = 0; i < many; ++i) {
        auto id = "p-" + std::to_string(i);
        CHECK(w.engine().update("c", Pay, {.id = id}, 1) == i + 1);
        w.engine().signal("c", Word, "500", {.idempotency_key = id});
      }
      w.settle();
      CHECK(w.engine().query("c", Sum) == many);
      if (again) break;
      w.pass(50min);
      w.restart();
      w.settle();
    }
    CHECK(links(w) == many + 1);
    CHECK(is_sound(w));
  });
}

TEST_CASE("a chain that goes on for ever doesn't grow, and all of it goes when it has ended") {
  everywhere([](world& w) {
    open(w);
    auto run = w.engine().start(Chain, "c", 0);
    std::uint64_t most = 0;
    for (int i = 0; i < 10 * many; ++i) {
      go_on(w, 1);
      w.pass(keep / 2);
      most = std::max(most, links(w));
      if (i % many == 0) w.restart();
    }
    CHECK(most >= 3);
    CHECK(most <= 16);
    CHECK(is_sound(w));
    CHECK(w.engine().update("c", Pay, 7) == 7);
    w.engine().signal("c", Word, "end");
    w.settle();
    CHECK(w.engine().find(Chain, "c")->result() == 7);
    let_time_pass(w, 3 * keep);
    w.until([&] { return links(w) == 0; });
    CHECK(what_throws([&] { w.engine().signal("c", Word, "1"); }).code == stet::errc::not_found);
    CHECK(is_sound(w));
  });
}

TEST_CASE("a handle to the first run of a chain reaches the one that goes on when it is erased") {
  everywhere([](world& w) {
    open(w);
    auto run = w.engine().start(Chain, "c", 0);
    auto paid = run.start_update(Pay, {.id = "p-1"}, 5);
    for (int i = 0; i < many; ++i) {
      go_on(w, 1);
      w.pass(keep);
    }
    REQUIRE(links(w) < many);
    CHECK(run.status() == stet::status::running);
    CHECK_FALSE(run.wait_for(0ms));
    CHECK(run.update(Pay, 5) == 10);
    CHECK(run.query(Sum) == 10);
    run.signal(Word, "7");
    w.settle();
    CHECK(run.query(Sum) == 17);
    CHECK(what_throws([&] { (void)paid.result(); }).code == stet::errc::not_found);
    run.signal(Word, "end");
    CHECK(w.result(run) == 17);
    CHECK(run.status() == stet::status::completed);
    auto again = w.engine().start(Chain, "c", {.reuse = stet::id_reuse::allow}, 100);
    CHECK(again.created());
    CHECK(run.result() == 17);  // the handle doesn't refer to another chain with the same id
    w.engine().signal("c", Word, "next");
    w.settle();
    CHECK(run.result() == 17);
    CHECK(again.query(Sum) == 100);
    let_time_pass(w, 3 * keep);
    auto gone = what_throws([&] { (void)run.result(); });
    CHECK(gone.code == stet::errc::not_found);
    CHECK(gone.says("erased"));
    CHECK(again.status() == stet::status::running);
    again.cancel("enough");
    w.settle();
    CHECK(again.status() == stet::status::cancelled);
    CHECK(is_sound(w));
  });
}

TEST_CASE("a child that continued as new ends with its parent though its first run is erased") {
  for (auto how : {farewell::ends, farewell::cancels, farewell::gives_up, farewell::waits})
    for (bool restarts : {false, true})
      everywhere([&](world& w) {
        INFO("farewell ", static_cast<int>(how), ", restart ", restarts);
        open(w);
        auto run = w.engine().start(Parent, "p", static_cast<int>(how));
        w.settle();
        for (int i = 0; i < many; ++i) {
          go_on(w, 1);
          w.pass(keep);
        }
        REQUIRE(links(w) < many);
        CHECK(is_sound(w));  // it restarts, too
        run = *w.engine().find(Parent, "p");
        if (restarts) w.restart();
        run = *w.engine().find(Parent, "p");
        if (how == farewell::waits) {
          w.engine().signal("c", Word, "42");
          w.engine().signal("c", Word, "end");
          CHECK(w.result(run) == "the child says 42");
          return;
        }
        run.signal(Go);
        w.settle();
        auto status = w.engine().admin().describe("c").value().status;
        if (how == farewell::ends) CHECK(status == stet::status::terminated);
        else CHECK(status == stet::status::cancelled);
        if (how == farewell::gives_up) run.signal(Go);
        CHECK(w.result(run) == (how == farewell::gives_up ? "gave it up" : "ended"));
        CHECK(is_sound(w));
      });
}

TEST_CASE("a chain whose earlier links are erased is erased whole by hand, and seen by everybody") {
  everywhere([](world& w) {
    open(w);
    w.engine().start(Chain, "c", 0);
    for (int i = 0; i < many; ++i) {
      w.engine().update("c", Pay, {.id = "p-" + std::to_string(i)}, 1);
      go_on(w, 1);
      w.pass(keep);
    }
    auto left = links(w);
    REQUIRE(left < many);
    CHECK(w.engine().admin().list("WorkflowId = 'c'").runs.size() == left);
    CHECK(w.engine().admin().describe("c").value().status == stet::status::running);
    CHECK(!w.engine().admin().history("c").empty());
    CHECK(w.engine().admin().erase("c", {.terminate = true}) == left);
    CHECK(links(w) == 0);
    CHECK(!w.engine().admin().describe("c"));
    auto again = w.engine().start(Chain, "c", 0);
    CHECK(again.created());
    CHECK(again.update(Pay, {.id = "p-1"}, 3) == 3);  // another chain, which lacks that update
    w.engine().admin().erase("c", {.terminate = true});
    w.options.retention = {};
    w.close();
    std::size_t left_over = 0;
    auto s = w.store();
    stet::scan(*s, {}, [&](std::string_view key, std::string_view) {
      left_over += key.size() > 2;  // only the format and the marks are left
      left_over -= key == "m format";
      return true;
    });
    CHECK(left_over == 0);
  });
}

TEST_CASE(
    "an update that an earlier run of a chain has answered is known when the chain has ended") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) { e.define(Chain, chain); });
    auto run = w.engine().start(Chain, "c", 0);
    auto sent = run.start_update(Pay, {.id = "order-7"}, 5);
    CHECK(sent.result() == 5);
    run.signal(Word, "next");
    w.settle();
    run.signal(Word, "next");
    w.settle();
    CHECK(run.update(Pay, {.id = "order-8"}, 1) == 6);
    CHECK(run.update(Pay, {.id = "order-7"}, 5) == 5);
    run.signal(Word, "end");
    CHECK(w.result(run) == 6);
    CHECK(run.update(Pay, {.id = "order-7"}, 5) == 5);
    CHECK(run.update(Pay, {.id = "order-8"}, 1) == 6);
    CHECK(sent.result() == 5);
    CHECK(what_throws([&] { run.update(Pay, {.id = "order-9"}, 1); }).code ==
          stet::errc::run_ended);
    w.restart();
    auto again = w.engine().find(Chain, "c");
    REQUIRE(again);
    CHECK(again->update(Pay, {.id = "order-7"}, 5) == 5);
    CHECK(again->update(Pay, {.id = "order-8"}, 1) == 6);
  });
}
