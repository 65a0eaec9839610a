// The undo of a saga's step comes after the step's effect, also if the step has timed out, or was
// cancelled, and its body goes on.
#include <atomic>
#include <chrono>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<void()> Order{"order"};

/// A payment provider that does what it is asked for late. It doesn't void: a refund that finds no
/// charge does nothing.
class bank {
 public:
  void request(const std::string& id, const stet::completion<void>& done) {
    std::lock_guard lock(mutex_);
    under_way_.emplace_back(id, done);
  }
  /// Everything that was asked for happens, and is answered. Returns false if there was nothing.
  bool take_effect() {
    auto all = taken();
    for (auto& [id, done] : all) {
      charge(id);
      done.resolve();
    }
    return !all.empty();
  }
  /// The process has died, and with it its connections: what was asked for never happens.
  void hang_up() { (void)taken(); }
  void charge(const std::string& id) {
    std::lock_guard lock(mutex_);
    charged_[id] = true;
    ++charges_;
  }
  void refund(const std::string& id) {
    std::lock_guard lock(mutex_);
    charged_.erase(id);
    ++refunds_;
    if (!under_way_.empty()) ++refunds_beside_;
  }
  bool has(const std::string& id) {
    std::lock_guard lock(mutex_);
    return charged_.count(id) != 0;
  }
  int charges() { return count(charges_); }
  int refunds() { return count(refunds_); }
  int refunds_beside() { return count(refunds_beside_); }
  void clear() {
    hang_up();
    std::lock_guard lock(mutex_);
    charged_.clear();
    charges_ = refunds_ = refunds_beside_ = 0;
  }

 private:
  using requests = std::vector<std::pair<std::string, stet::completion<void>>>;
  requests taken() {
    std::lock_guard lock(mutex_);
    return std::exchange(under_way_, {});
  }
  int count(const int& of) {
    std::lock_guard lock(mutex_);
    return of;
  }
  std::mutex mutex_;
  requests under_way_;
  std::map<std::string, bool> charged_;
  int charges_ = 0, refunds_ = 0;
  int refunds_beside_ = 0;  // while a request was under way
};
bank payments;

void charge(const stet::completion<void>& done, const std::string& id) {
  payments.request(id, done);
}
void refund(const std::string& id) { payments.refund(id); }

constexpr stet::step_options twice{
    .retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}, .timeout = 1s};

stet::task<void> order(stet::context& ctx) {
  const std::string id(ctx.id());
  co_await ctx.saga([&](stet::saga& s) -> stet::task<> {
    co_await s.step("charge", twice, charge, id).undo_in_any_case("refund", refund, id);
  });
}
/// The same by two calls, as programs had it: its histories fit the body above.
stet::task<void> order_by_two_calls(stet::context& ctx) {
  const std::string id(ctx.id());
  co_await ctx.saga([&](stet::saga& s) -> stet::task<> {
    s.undo_in_any_case("refund", refund, id);
    co_await ctx.step("charge", twice, charge, id);
  });
}

void finish(world& w) {
  do w.finish();
  while (payments.take_effect());
}

}  // namespace

TEST_CASE("a saga's step that times out is undone after its late effect") {
  everywhere_by_hand([](world& w) {
    payments.clear();
    w.open([](stet::engine& e) { e.define(Order, order); });
    auto run = w.engine().start(Order, "o");
    for (int attempt : {1, 2}) {
      w.pass(10s);  // the time-out; no other attempt, and no undo, begins beside the body
      w.pass(10s);
      CHECK(payments.charges() == attempt - 1);
      CHECK(payments.refunds() == 0);
      CHECK(run.status() == stet::status::running);
      CHECK(payments.take_effect());
      w.settle();
    }
    finish(w);
    CHECK(run.status() == stet::status::failed);
    CHECK(payments.charges() == 2);
    CHECK(payments.refunds() == 1);
    CHECK(!payments.has("o"));
  });
}

TEST_CASE("a saga's step that is cancelled is undone after its late effect") {
  everywhere_by_hand([](world& w) {
    for (bool late : {false, true}) {  // cancelled before the last time-out, or after it
      INFO("cancelled after the time-out: ", late);
      payments.clear();
      w.open([](stet::engine& e) { e.define(Order, order); });
      const std::string id = late ? "late" : "early";
      auto run = w.engine().start(Order, id);
      w.settle();
      if (late) w.pass(10s);
      run.cancel("rain");
      w.pass(10s);
      CHECK(payments.refunds() == 0);
      CHECK(run.status() == stet::status::running);
      CHECK(payments.take_effect());
      finish(w);
      CHECK(run.status() == stet::status::cancelled);
      CHECK(payments.refunds() == 1);
      CHECK(!payments.has(id));
      w.close();
    }
  });
}

TEST_CASE("what undoes a step in any case is registered though the step never begins") {
  everywhere_by_hand([](world& w) {
    payments.clear();
    w.open([](stet::engine& e) {
      e.define(Order, [](stet::context& ctx) -> stet::task<void> {
        const std::string id(ctx.id());
        co_await ctx.saga([&](stet::saga& s) -> stet::task<> {
          try {
            co_await ctx.sleep(1h);
          } catch (const stet::cancelled&) {}
          co_await s.step("charge", charge, id).undo_in_any_case("refund", refund, id);
        });
      });
    });
    auto run = w.engine().start(Order, "o");
    w.settle();
    run.cancel("rain");
    finish(w);
    CHECK(run.status() == stet::status::cancelled);
    CHECK(payments.charges() == 0);
    CHECK(payments.refunds() == 1);
  });
}

TEST_CASE("histories of undo_in_any_case and a step fit the two in one call, and the reverse") {
  for (bool chained_first : {false, true}) {
    for (int cancelled_after : {0, 1, 2, 3}) {  // seconds; 0: never
      INFO("chained first: ", chained_first, ", cancelled after ", cancelled_after, " s");
      world w(cell{.check = 1});
      payments.clear();
      auto define = [](bool chained) {
        return
            [chained](stet::engine& e) { e.define(Order, chained ? order : order_by_two_calls); };
      };
      w.open(define(chained_first));
      w.engine().start(Order, "o");
      for (int i = 1; i <= 3; ++i) {
        w.pass(1s);
        if (i == cancelled_after) w.engine().find(Order, "o").value().cancel("rain");
      }
      w.settle();
      w.crash();
      payments.hang_up();
      w.open(define(!chained_first));
      finish(w);
      auto status = w.engine().find(Order, "o").value().status();
      CHECK(status != stet::status::stalled);
      CHECK(status != stet::status::running);
      if (!chained_first && status != stet::status::completed) CHECK(!payments.has("o"));
    }
  }
}

TEST_CASE("a saga whose step hangs past its time-out is undone, whatever dies and when") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true}}) {
    for (bool cancels : {false, true}) {
      at_every_commit(
          c, [](world&, stet::engine& e) { e.define(Order, order); },
          [cancels](world& w) {
            payments.hang_up();  // those of a process that has died
            auto run = w.engine().start(Order, "o");
            w.pass(1s);
            if (cancels) run.cancel("rain");
            finish(w);
            CHECK(run.status() == (cancels ? stet::status::cancelled : stet::status::failed));
          },
          [](world&, death) {
            CHECK(!payments.has("o"));
            CHECK(payments.refunds() > 0);
            CHECK(payments.refunds_beside() == 0);
            payments.clear();
          });
    }
  }
}

TEST_CASE("a body on a thread that hangs past its time-out has its effect before the undo") {
  for (bool chained : {true, false}) {
    std::atomic<bool> may_return{false}, charged{false}, refunded_before{false}, refunded{false};
    world w(cell{.threads = 2});
    w.open([&](stet::engine& e) {
      e.define(Order, [&](stet::context& ctx) -> stet::task<void> {
        auto hang = stet::owning([&] {
          while (!may_return) std::this_thread::sleep_for(std::chrono::milliseconds(1));
          charged = true;
        });
        auto give_back = stet::owning([&] {
          refunded_before = !charged;
          refunded = true;
        });
        co_await ctx.saga([&](stet::saga& s) -> stet::task<> {
          constexpr stet::step_options once{.retry = {.max_attempts = 1}, .timeout = 1s};
          if (!chained) s.undo_in_any_case("refund", give_back);
          auto step = s.step("charge", once, hang);
          if (chained) co_await std::move(step).undo_in_any_case("refund", give_back);
          else co_await std::move(step).undo("never", [] {});
        });
      });
    });
    auto run = w.engine().start(Order, "o");
    auto is_returning = [&] {
      auto d = w.engine().admin().describe("o");
      return d && !d.value().waits_for.empty() &&
             d.value().waits_for.front().phase == stet::step_phase::returning;
    };
    w.until([&] {
      w.clock.advance(1s);
      return is_returning() || refunded;
    });
    CHECK(!refunded);
    may_return = true;
    w.finish();
    CHECK_THROWS_AS(w.result(run), stet::run_failed);
    CHECK(refunded);
    CHECK(!refunded_before);
  }
}
