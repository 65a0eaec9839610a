// G2, non-blocking steps: a body begins something, and whoever ends it holds a completion.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/world.hpp"

namespace {
struct unwritable {};
}  // namespace
template <> struct stet::codec<unwritable> {
  static void encode(writer&, const unwritable&) { throw std::runtime_error("no bytes"); }
  static unwritable decode(reader&) { return {}; }
};

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<int(int)> Number{"number"};
inline constexpr stet::workflow<std::string(int)> Nth{"nth"};

constexpr cell cells[] = {
    {}, {.resident = 0}, {.threads = 2, .check = 1}, {.lmdb = true, .resident = 0, .threads = 2}};

/// What is under way in the world outside: it outlives every engine.
template <class R> class outside {
 public:
  void take(stet::completion<R> done) {
    std::lock_guard lock(mutex_);
    pending_.push_back(std::move(done));
    ++taken_;
  }
  std::size_t taken() const { return taken_; }
  std::optional<stet::completion<R>> next() {
    std::lock_guard lock(mutex_);
    if (pending_.empty()) return std::nullopt;
    auto done = std::move(pending_.front());
    pending_.pop_front();
    return done;
  }
  std::vector<stet::completion<R>> all() {
    std::lock_guard lock(mutex_);
    std::vector<stet::completion<R>> got(pending_.begin(), pending_.end());
    pending_.clear();
    return got;
  }

 private:
  std::mutex mutex_;
  std::deque<stet::completion<R>> pending_;
  std::atomic<std::size_t> taken_{0};
};

/// A thread that ends what is begun, a moment later, like an event loop.
class event_loop {
 public:
  event_loop() : thread_([this] { serve(); }) {}
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void post(std::function<void()> f) {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(f));
    wake_.notify_one();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return over_ || !work_.empty(); });
      if (work_.empty()) return;
      auto f = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      std::this_thread::yield();
      f();
      f = nullptr;
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  bool over_ = false;
  std::thread thread_;
};

template <class T> std::string told(const stet::outcome<T>& o) {
  if (o) return "value " + std::to_string(*o);
  auto f = o.template failed_as<stet::step_failed>();
  return f ? std::string(to_string(f->code())) + " after " + std::to_string(f->attempts()) + ": " +
                 std::string(f->message())
           : "?";
}

void idle(world& w) {
  for (int i = 0; i < 20; ++i) w.poke();
}

/// Turns a manual engine too.
void until(world& w, const std::function<bool()>& happened) {
  for (int i = 0; i < 5000 && !happened(); ++i) {
    if (w.where.threads == 0) w.engine().run_until_idle();
    else w.poke();
    std::this_thread::sleep_for(1ms);
  }
  REQUIRE(happened());
}

/// As world::result, where what is waited for comes from a thread of the test: a manual engine
/// waits by a clock that only the test moves.
template <class R> R result_of(world& w, const stet::run_handle<R>& run) {
  for (int i = 0; i < 5000 && run.status() == stet::status::running; ++i) {
    if (w.where.threads == 0) w.finish();
    else return w.result(run);
    std::this_thread::sleep_for(1ms);
  }
  REQUIRE(run.status() != stet::status::running);
  return run.result();
}
template <class R, class... A>
R run_to_end(world& w, const stet::workflow<R(A...)>& name, std::string_view id,
             std::type_identity_t<A>... a) {
  return result_of(w, w.engine().run(name, id, std::move(a)...));
}

}  // namespace

TEST_CASE("a step ends by its completion, from whatever thread, and stands") {
  event_loop loop;
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx, int n) -> stet::task<int> {
        auto a = co_await ctx.step("later", [&](stet::completion<int> done) {
          w.done.hit("later");
          loop.post([done, n] { done.resolve(n + 1); });
        });
        auto b = co_await ctx.step(
            "at once", [](stet::completion<int> done, int x) { done.resolve(x + 1); }, a);
        co_await ctx.step("void", [&](const stet::completion<>& done) {
          w.done.hit("void");
          loop.post([done] { done.resolve(); });
        });
        auto c = co_await stet::map(std::vector<int>{1, 2, 3}, [&](stet::context& x, int& i) {
          return x.step("mapped", stet::owning([&](stet::completion<int> done, int k) {
                          loop.post([done, k] { done.resolve(k * 10); });
                        }),
                        i);
        });
        co_return b + c[0] + c[1] + c[2];
      });
    });
    CHECK(run_to_end(w, Number, "n", 1) == 63);
    w.restart();
    CHECK(run_to_end(w, Number, "n", 1) == 63);
    CHECK(w.done.of("later") == 1);
    CHECK(w.done.of("void") == 1);
  });
}

TEST_CASE("a process that dies at any commit of non-blocking steps tries them again, and no more") {
  event_loop loop;
  for (cell c : {cell{}, cell{.resident = 0, .check = 1}, cell{.lmdb = true}}) {
    for (bool owns : {false, true}) {
      int crashes = at_every_commit(
          c,
          [&](world& w, stet::engine& e) {
            e.define(Text, [&, owns](stet::context& ctx) -> stet::task<std::string> {
              auto begin = [&](stet::completion<int> done, const std::string& name) {
                w.done.hit(name);
                auto n = static_cast<int>(done.attempt());
                loop.post(
                    [done, n, &name] { done.resolve(n * 100 + static_cast<int>(name.size())); });
              };
              int sum = 0;
              for (const char* name : {"a", "bb", "ccc"})
                sum += owns ? co_await ctx.step(name, stet::owning(begin), name)
                            : co_await ctx.step(name, begin, name);
              auto once = co_await ctx.try_step("once", {.at_most_once = true},
                                                [&](stet::completion<int> done) {
                                                  w.done.hit("once");
                                                  loop.post([done] { done.resolve(1); });
                                                });
              co_return std::to_string(sum % 100) + (once ? " once" : " interrupted");
            });
          },
          [&](world& w) {
            auto text = run_to_end(w, Text, "t");
            CHECK((text == "6 once" || text == "6 interrupted"));
          },
          [](world& w, death d) {
            CHECK(w.done.of("once") <= 1);
            CHECK(w.done.all() <= 4 + d.happened);
          });
      CHECK(crashes >= 8);
    }
  }
}

TEST_CASE("of eight threads that end a step one does, and what it said stands") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx, int) -> stet::task<int> {
        co_return co_await ctx.step("x", [&](stet::completion<int> done) { begun.take(done); });
      });
    });
    for (int round = 0; round < 50; ++round) {
      auto run = w.engine().run(Number, std::to_string(round), 0);
      until(w, [&] { return begun.taken() == static_cast<std::size_t>(round) + 1; });
      auto done = *begun.next();
      std::atomic<int> winners{0}, won_by{-1};
      std::atomic<bool> go{false};
      std::vector<std::thread> threads;
      for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, done, i] {
          while (!go) {}
          if (done.resolve(i)) ++winners, won_by = i;
        });
      go = true;
      for (auto& t : threads) t.join();
      CHECK(winners == 1);
      CHECK(!done.reject(std::runtime_error("late")));
      CHECK(result_of(w, run) == won_by);
    }
  }
}

TEST_CASE("a completion that is dropped fails the attempt; what the body throws says more") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        constexpr stet::step_options once{.retry = {.max_attempts = 1}};
        auto dropped = co_await ctx.try_step("d", once, [](stet::completion<int>) {});
        auto thrown = co_await ctx.try_step(
            "t", once, [](stet::completion<int>) { throw std::runtime_error("no network"); });
        auto both = co_await ctx.try_step("b", once, [](stet::completion<int> done) {
          done.resolve(7);
          throw std::runtime_error("too late");
        });
        auto second = co_await ctx.try_step("s", [&](stet::completion<int> done) {
          if (w.done.hit("s") == 2) done.resolve(2);
        });
        co_return told(dropped) + "; " + told(thrown) + "; " + told(both) + "; " + told(second);
      });
    });
    CHECK(run_to_end(w, Text, "t") ==
          "step_failed after 1: the body of step 'd' dropped its completion, and nobody called "
          "resolve or reject: keep a copy until one of them is called; step_failed after 1: no "
          "network; value 7; value 2");
  });
}

TEST_CASE("the last copy that goes on another thread fails the attempt") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 1}},
                                       [&](stet::completion<int> done) { begun.take(done); });
        co_return told(o).substr(0, 21);
      });
    });
    auto run = w.engine().run(Text, "t");
    until(w, [&] { return begun.taken() == 1; });
    idle(w);
    CHECK(run.status() == stet::status::running);
    std::thread([&] { (void)begun.all(); }).join();
    CHECK(result_of(w, run) == "step_failed after 1: ");
  }
}

TEST_CASE("what is rejected is tried again as the policy says, and arrives as itself") {
  struct refused : std::runtime_error {
    using runtime_error::runtime_error;
  };
  event_loop loop;
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto third = co_await ctx.try_step("x", {.retry = {.max_attempts = 3}},
                                           [&](stet::completion<int> done) {
                                             loop.post([done, n = w.done.hit("x")] {
                                               if (n < 3) done.reject(std::runtime_error("busy"));
                                               else done.resolve(static_cast<int>(done.attempt()));
                                             });
                                           });
        auto never = co_await ctx.try_step(
            "y", {.retry = {.max_attempts = 2}}, [&](stet::completion<int> done) {
              loop.post([done] { done.reject(std::runtime_error("busy")); });
            });
        auto final = co_await ctx.try_step("z", [&](stet::completion<int> done) {
          loop.post([done] { done.reject(stet::permanent_error("no such card")); });
        });
        auto nothing = co_await ctx.try_step(
            "n", {.retry = {.max_attempts = 1}},
            [](stet::completion<int> done) { done.reject(std::exception_ptr()); });
        co_return told(third) + "; " + told(never) + "; " + told(final) + "; " + told(nothing);
      });
    });
    CHECK(run_to_end(w, Text, "t") ==
          "value 3; step_failed after 2: busy; step_failed after 1: no such card; step_failed "
          "after 1: a completion was rejected without an exception");
  });
}

TEST_CASE("after a time-out a step that owns what it uses goes on, and a late result is dropped") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step(
            "x", {.retry = {.max_attempts = 2, .initial_interval = 1s}, .timeout = 1min},
            stet::owning([&](stet::completion<int> done) { begun.take(done); }));
        co_return told(o);
      });
    });
    auto run = w.engine().run(Text, "t");
    until(w, [&] { return begun.taken() == 1; });
    auto first = *begun.next();
    CHECK(!first.stop_requested());
    w.clock.advance(1min);
    until(w, [&] { return first.stop_requested(); });
    CHECK(!first.resolve(1));
    w.clock.advance(2s);
    until(w, [&] { return begun.taken() == 2; });
    auto second = *begun.next();
    CHECK(second.attempt() == 2);
    CHECK(second.idempotency_key() == first.idempotency_key());
    w.clock.advance(1min);
    CHECK(result_of(w, run) ==
          "step_timed_out after 2: the step was not completed within 60000 ms");
    CHECK(!second.resolve(2));
    CHECK(begun.taken() == 2);
  }
}

TEST_CASE("after a time-out a step that captures is waited for, and its value doesn't count") {
  for (bool resolves : {true, false}) {
    for (auto& c : cells) {
      CAPTURE(c.name());
      world w(c);
      outside<int> begun;
      std::atomic<bool> went_on{false}, intact{false};
      w.open([&](stet::engine& e) {
        e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
          std::string captured(1000, 'c');
          auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 1}, .timeout = 1min},
                                         [&](stet::completion<int> done) {
                                           done.on_stop([&] { intact = captured.size() == 1000; });
                                           begun.take(done);
                                         });
          if (!ctx.replaying()) went_on = true;
          co_return told(o);
        });
      });
      auto run = w.engine().run(Text, "t");
      until(w, [&] { return begun.taken() == 1; });
      w.clock.advance(1min);
      until(w, [&] { return intact.load(); });
      idle(w);
      CHECK(!went_on);
      w.clock.advance(1min);
      until(w, [&] { return w.heard.heard("'x' is still pending 30 s after"); });
      if (resolves) CHECK(begun.next()->resolve(5));
      else (void)begun.all();
      CHECK(result_of(w, run) ==
            "step_timed_out after 1: the step was not completed within 60000 ms");
    }
  }
}

TEST_CASE(
    "a step that says nothing for too long has timed out; heartbeats keep it, blocking or not") {
  for (cell c : {cell{.threads = 2}, cell{.resident = 0, .threads = 2, .check = 1}}) {
    for (bool blocks : {false, true}) {
      CAPTURE(c.name());
      CAPTURE(blocks);
      world w(c);
      outside<int> begun;
      std::atomic<int> beats{0}, wanted{0}, seen{-1};
      w.open([&](stet::engine& e) {
        e.define(Text, [&, blocks](stet::context& ctx) -> stet::task<std::string> {
          constexpr stet::step_options o{.retry = {.max_attempts = 2, .initial_interval = 1s},
                                         .heartbeat_timeout = 1min};
          if (!blocks)
            co_return told(co_await ctx.try_step("x", o, [&](stet::completion<int> done) {
              seen = done.progress<int>().value_or(0);
              done.on_stop([&] { (void)begun.all(); });
              begun.take(done);
            }));
          co_return told(co_await ctx.try_step("x", o, [&](stet::step_context& s) {
            seen = s.progress<int>().value_or(0);
            while (!s.stop_requested()) {
              if (beats < wanted) s.heartbeat(++beats);
              std::this_thread::yield();
            }
            return 1;
          }));
        });
      });
      auto run = w.engine().run(Text, "t");
      w.until([&] { return seen == 0; });
      auto pending = begun.all();
      for (int i = 1; i <= 5; ++i) {
        w.clock.advance(50s);
        wanted = i;
        if (!blocks) pending.at(0).heartbeat(++beats);
        w.until([&] { return beats == i; });
        idle(w);
      }
      CHECK(run.status() == stet::status::running);
      CHECK(w.engine().describe("t")->waits_for.at(0).last_error.empty());
      pending.clear();
      if (blocks) w.clock.advance(1min);  // else the last one that was dropped has failed it
      w.until([&] { return !w.engine().describe("t")->waits_for.at(0).last_error.empty(); });
      auto why = w.engine().describe("t")->waits_for.at(0).last_error;
      if (blocks) CHECK(why.find("no heartbeat within 60000 ms") != std::string::npos);
      w.clock.advance(2s);
      w.until([&] { return seen == 5; });  // the second attempt reads what the first one said
      w.clock.advance(1min);
      w.until([&] { return run.status() != stet::status::running; });
      CHECK(run.result() == "step_timed_out after 2: there was no heartbeat within 60000 ms");
    }
  }
}

TEST_CASE("a cancelled step is told, and may end itself on the spot") {
  for (bool owns : {false, true}) {
    for (auto& c : cells) {
      CAPTURE(c.name());
      world w(c);
      outside<int> begun;
      std::atomic<int> stops{0};
      w.open([&](stet::engine& e) {
        e.define(Text, [&, owns](stet::context& ctx) -> stet::task<std::string> {
          auto begin = [&](stet::completion<int> done) {
            done.on_stop([&] {
              ++stops;
              for (auto& d : begun.all()) d.reject(std::runtime_error("aborted"));
            });
            begun.take(done);
          };
          bool lost = false;
          try {
            if (owns) co_await ctx.step("x", stet::owning(begin));
            else co_await ctx.step("x", begin);
          } catch (const stet::cancelled& x) { lost = x.reason() == "why"; }
          co_return lost ? "cancelled" : "not";
        });
      });
      auto run = w.engine().run(Text, "t");
      until(w, [&] { return begun.taken() == 1; });
      run.cancel("why");
      CHECK(result_of(w, run) == "cancelled");
      CHECK(stops == 1);
    }
  }
}

TEST_CASE("the loser of a race is told to stop, and a late result changes nothing") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto r = co_await stet::any(
            ctx.step("slow", stet::owning([&](stet::completion<int> done) { begun.take(done); })),
            ctx.sleep(1min));
        co_await ctx.sleep(1h);
        co_return std::to_string(r.index());
      });
    });
    w.engine().run(Text, "t");
    until(w, [&] { return begun.taken() == 1; });
    auto done = *begun.next();
    w.clock.advance(1min);
    until(w, [&] { return done.stop_requested(); });
    CHECK(!done.resolve(5));
    bool told_at_once = false;
    done.on_stop([&] { told_at_once = true; });
    CHECK(!told_at_once);  // it has ended: nobody can be stopped
    w.restart();
    CHECK(run_to_end(w, Text, "t") == "1");
    CHECK(begun.taken() == 1);
  }
}

TEST_CASE("a completion outlives its run, its engine, and the close of it") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    outside<std::string> begun;
    std::optional<world> w;
    w.emplace(c);
    auto begin = [&](stet::completion<std::string> done, const std::string& mine) {
      done.on_stop([kept = std::make_shared<int>(1)] { ++*kept; });
      begun.take(done);
      return (void)mine;
    };
    auto define = [&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", {.at_most_once = n == 1}, stet::owning(begin),
                                       std::string(1000, 'm'));
        co_return o ? *o : std::string(to_string(o.failed_as<stet::step_failed>()->code()));
      });
    };
    w->open(define);
    for (int i = 0; i < 3; ++i) w->engine().run(Nth, std::to_string(i), i);
    until(*w, [&] { return begun.taken() == 3; });
    w->engine().find(Nth, "2")->terminate("enough");
    auto first = begun.all();
    w->close();  // waits for nobody
    for (auto& d : first) {
      CHECK(d.stop_requested());
      CHECK(!d.resolve("late"));
      d.heartbeat(1);
      CHECK(d.attempt() == 1);
      CHECK(d.idempotency_key().size() > 32);
    }
    w->open(define);
    until(*w, [&] { return begun.taken() == 4; });
    auto again = *begun.next();
    CHECK(again.attempt() == 2);
    CHECK(again.resolve("good"));
    CHECK(run_to_end(*w, Nth, "0", 0) == "good");
    CHECK(run_to_end(*w, Nth, "1", 1) == "step_interrupted");
    w->engine().run(Nth, "3", 0);
    until(*w, [&] { return begun.taken() == 5; });
    auto last = *begun.next();
    w->crash();
    w.reset();
    CHECK(!last.resolve("nobody is there"));
    CHECK(!last.reject(std::runtime_error("nobody is there")));
  }
}

TEST_CASE(
    "a close waits for what a step that captures has begun: a value counts, a failure doesn't") {
  for (bool fails : {false, true}) {
    for (auto& c : cells) {
      CAPTURE(c.name());
      world w(c);
      outside<int> begun;
      event_loop loop;
      std::atomic<bool> intact{false};
      auto define = [&](stet::engine& e) {
        e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
          std::string captured(1000, 'c');
          auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 1}},
                                         [&](stet::completion<int> done) {
                                           if (w.done.hit("x") == 2) return (void)done.resolve(2);
                                           done.on_stop([&] {
                                             loop.post([&] {
                                               std::this_thread::sleep_for(20ms);
                                               intact = captured == std::string(1000, 'c');
                                               auto d = *begun.next();
                                               if (fails) d.reject(std::runtime_error("aborted"));
                                               else d.resolve(1);
                                             });
                                           });
                                           begun.take(done);
                                         });
          co_return told(o);
        });
      };
      w.open(define);
      w.engine().run(Text, "t");
      until(w, [&] { return begun.taken() == 1; });
      w.close();
      CHECK(intact);
      w.open(define);
      CHECK(run_to_end(w, Text, "t") == (fails ? "value 2" : "value 1"));
    }
  }
}

TEST_CASE(
    "while a step is pending its frame goes if it owns what it uses, and stays if it captures") {
  for (unsigned threads : {0u, 2u}) {
    world w({.resident = 0, .threads = threads});
    outside<int> begun;
    std::atomic<int> frames{0};
    struct alive {
      explicit alive(std::atomic<int>& n) : n_(n) { ++n_; }
      alive(const alive&) = delete;
      alive& operator=(const alive&) = delete;
      ~alive() { --n_; }
      std::atomic<int>& n_;
    };
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int owns) -> stet::task<std::string> {
        alive here(frames);
        auto begin = [&](stet::completion<int> done) { begun.take(done); };
        auto n = owns ? co_await ctx.step("x", stet::owning(begin)) : co_await ctx.step("x", begin);
        co_return std::to_string(n);
      });
    });
    for (int owns : {1, 0}) {
      auto run = w.engine().run(Nth, std::to_string(owns), owns);
      until(w, [&] { return begun.taken() == (owns ? 1u : 2u); });
      idle(w);
      CHECK(frames.load() == 1 - owns);
      CHECK(begun.next()->resolve(7));
      CHECK(result_of(w, run) == "7");
    }
    idle(w);
    CHECK(frames == 0);
  }
}

TEST_CASE("ten thousand steps are pending at once beside one thread, which stays free") {
  world w({.threads = 1});
  outside<int> begun;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx, int n) -> stet::task<int> {
      if (n < 0) co_return co_await ctx.step("blocking", [] { return 1; });
      co_return co_await ctx.step(
          "x", stet::owning([&](stet::completion<int> done, int) { begun.take(done); }), n);
    });
  });
  constexpr int many = 10'000;
  for (int i = 0; i < many; ++i) w.engine().run(Number, std::to_string(i), i);
  until(w, [&] { return begun.taken() == many; });
  CHECK(w.engine().run(Number, "blocking", -1).result() == 1);
  auto pending = begun.all();
  REQUIRE(pending.size() == many);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (auto i = t; i < many; i += 8) pending[i].resolve(1);
    });
  for (auto& t : threads) t.join();
  int sum = 0;
  for (int i = 0; i < many; ++i) sum += w.engine().find(Number, std::to_string(i))->result();
  CHECK(sum == many);
}

TEST_CASE("a result that can't be encoded is the step's failure, and is not tried again") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", [&](stet::completion<unwritable> done) {
          w.done.hit("x");
          done.resolve({});
        });
        co_return o ? "value" : std::string(o.failed_as<stet::step_failed>()->message());
      });
    });
    auto text = run_to_end(w, Text, "t");
    CHECK(text.find("can't be encoded") != std::string::npos);
    CHECK(w.done.of("x") == 1);
  });
}
