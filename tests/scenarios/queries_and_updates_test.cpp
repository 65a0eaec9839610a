// Queries are questions to a run; updates are requests that it answers.
#include <stet/json.hpp>

#include <atomic>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Cart{"cart"};
inline constexpr stet::signal<> Close{"close"};
inline constexpr stet::query<std::string()> Content{"content"};
inline constexpr stet::query<std::string(int)> Item{"item"};
inline constexpr stet::query<int()> Unknown{"unknown"};
inline constexpr stet::update<int(std::string)> Add{"add"};
inline constexpr stet::update<void()> Clear{"clear"};
inline constexpr stet::update<std::string(std::string)> Pack{"pack"};

struct too_heavy : std::runtime_error {
  explicit too_heavy(int n = 0) : std::runtime_error("too heavy"), by(n) {}
  int by;
};
void to_json(nlohmann::json& j, const too_heavy& e) { j = e.by; }
void from_json(const nlohmann::json& j, too_heavy& e) { e.by = j.get<int>(); }
inline constexpr stet::error_type<too_heavy> TooHeavy{"too-heavy"};

/// A cart to which words are added and packed, until it gets the signal to close.
void define_cart(world& w, stet::engine& e) {
  e.define(TooHeavy);
  e.define(Cart, [&w](stet::context& ctx) -> stet::task<std::string> {
    std::string content;
    auto telling = ctx.on(Content, [&] { return content; });
    auto telling_one = ctx.on(Item, [&](int i) { return content.substr(std::size_t(i), 1); });
    auto adding = ctx.on(
        Add,
        [&](const std::string& what) {
          if (what.empty()) throw std::invalid_argument("nothing to add");
          w.done.hit("validated");
        },
        [&](const std::string& what) {
          if (what == "piano") throw too_heavy(300);
          if (what == "stone") throw std::runtime_error("no stones");
          content += what;
          return static_cast<int>(content.size());
        });
    auto clearing = ctx.on(Clear, [&] { content.clear(); });
    auto packing = ctx.on(Pack, [&](stet::context& c, std::string what) -> stet::task<std::string> {
      auto packed = co_await c.step("pack", [&w, what] {
        w.done.hit("packed " + what);
        return "[" + what + "]";
      });
      co_await c.sleep(1h);
      content += packed;
      co_return packed;
    });
    co_await ctx.receive(Close);
    co_await ctx.handlers_done();
    co_return content;
  });
}

}  // namespace

TEST_CASE(
    "a query is answered by a run in memory, by one that was evicted, and after a crash [S68]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto run = w.engine().start(Cart, "c");
    CHECK(run.query(Content) == "");
    CHECK(run.update(Add, "a") == 1);
    CHECK(run.update(Add, "b") == 2);
    auto records = w.engine().admin().describe("c").value().records;
    CHECK(run.query(Content) == "ab");
    CHECK(run.query(Item, 1) == "b");
    CHECK(w.engine().admin().describe("c").value().records == records);  // the query wrote nothing
    w.restart();
    run = *w.engine().find(Cart, "c");
    CHECK(run.query(Content) == "ab");
    CHECK(what_throws([&] { run.query(Unknown); }).code == stet::errc::not_found);
    CHECK_THROWS_AS(run.query(Item, 7), std::out_of_range);
    CHECK(run.query(Content) == "ab");
  });
}

TEST_CASE("a query on a run that has ended sees it as it was at its end") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto completed = w.engine().start(Cart, "completed");
    completed.update(Add, "a");
    completed.signal(Close);
    CHECK(w.result(completed) == "a");
    auto cancelled = w.engine().start(Cart, "cancelled");
    cancelled.update(Add, "b");
    cancelled.cancel();
    w.settle();
    auto terminated = w.engine().start(Cart, "terminated");
    terminated.update(Add, "c");
    terminated.terminate();
    w.restart();
    auto ask = [&](const char* id) { return w.engine().find(Cart, id)->query(Content); };
    CHECK(ask("completed") == "a");
    CHECK(ask("cancelled") == "b");
    CHECK(ask("terminated") == "c");
  });
}

TEST_CASE("an update is answered with what its handler returns or throws") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto run = w.engine().start(Cart, "c");
    CHECK(run.update(Add, "x") == 1);
    run.update(Clear);
    CHECK(run.query(Content) == "");
    try {
      run.update(Add, "piano");
      FAIL("it should have failed");
    } catch (const too_heavy& e) { CHECK(e.by == 300); }
    auto stone = what_throws([&] { run.update(Add, "stone"); });
    CHECK(stone.code == stet::errc::update_failed);
    CHECK(stone.says("no stones"));
    CHECK(run.update(Add, "y") == 1);
    run.signal(Close);
    CHECK(w.result(run) == "y");
    CHECK(what_throws([&] { run.update(Add, "late"); }).code == stet::errc::run_ended);
  });
}

TEST_CASE("an update that is refused leaves no trace, and no validator runs on a replay [S71]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto run = w.engine().start(Cart, "c");
    run.update(Add, "a");
    auto records = w.engine().admin().describe("c").value().records;
    auto refused = what_throws([&] { run.update(Add, ""); });
    CHECK(refused.code == stet::errc::rejected);
    CHECK(refused.says("nothing to add"));
    CHECK(w.engine().admin().describe("c").value().records == records);
    CHECK(w.done.of("validated") == 1);
    w.restart();
    CHECK(w.engine().find(Cart, "c")->query(Content) == "a");
    CHECK(w.done.of("validated") == 1);
    CHECK(what_throws([&] {
            w.engine().find(Cart, "c")->update(stet::update<void()>{"nobody"});
          }).code == stet::errc::rejected);
  });
}

TEST_CASE("a second update of one id is the first, before and after its answer [S70]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto run = w.engine().start(Cart, "c");
    auto first = run.start_update(Pack, {.id = "p"}, "shoes");
    auto second = run.start_update(Pack, {.id = "p"}, "other shoes");
    CHECK(first.id() == second.id());
    CHECK_FALSE(first.wait_for(0ms));
    CHECK(w.engine().admin().describe("c").value().open_updates == 1);
    w.restart();
    run = *w.engine().find(Cart, "c");
    auto third = run.start_update(Pack, {.id = "p"}, "shoes");
    w.settle();
    w.pass(2h);
    CHECK(third.wait_for(10s));
    CHECK(third.result() == "[shoes]");
    CHECK(run.update(Pack, {.id = "p"}, "shoes") == "[shoes]");
    CHECK(w.done.of("packed shoes") <= 2);
    run.signal(Close);
    CHECK(w.result(run) == "[shoes]");
    CHECK(run.update(Pack, {.id = "p"}, "shoes") == "[shoes]");  // also after the run has ended
    CHECK(w.engine().admin().describe("c").value().open_updates == 0);
  });
}

TEST_CASE("handlers that await go on beside each other and the workflow, whatever crashes") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world& w, stet::engine& e) { define_cart(w, e); },
        [](world& w) {
          auto run = w.engine().start(Cart, "c");
          auto send = [&](const char* id, const char* what) {
            try {
              (void)run.start_update(Pack, {.id = id}, what);
            } catch (const stet::error& e) {
              if (e.code() != stet::errc::run_ended) throw;
            }
          };
          send("1", "a");
          send("2", "b");
          try {
            run.signal(Close, {.idempotency_key = "close"});
          } catch (const stet::error& e) {
            if (e.code() != stet::errc::run_ended) throw;
          }
          auto content = w.result(run);
          CHECK((content == "[a][b]" || content == "[b][a]"));
          auto again = run.update(Pack, {.id = "1"}, "a");
          CHECK(again == "[a]");
        },
        [](world& w, death d) {
          CHECK(w.done.of("packed a") <= 1 + d.happened);
          CHECK(w.done.of("packed b") <= 1 + d.happened);
        });
  }
}

TEST_CASE("an update with a start begins the run and is its first request") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto added = w.engine().update_with_start(Add, std::tuple("ab"), Cart, "c");
    CHECK(added.result() == 2);
    auto more = w.engine().update_with_start(Add, std::tuple("c"), Cart, "c");
    CHECK(more.result() == 3);
    CHECK(what_throws([&] { w.engine().update_with_start(Add, std::tuple(""), Cart, "d"); }).code ==
          stet::errc::rejected);
    CHECK(w.engine().find(Cart, "d"));
  });
}

TEST_CASE("a handler that is under way when its run ends is told so to who waits") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Cart, [&w](stet::context& ctx) -> stet::task<std::string> {
        std::string content = "alive";
        auto packing =
            ctx.on(Pack, [&](stet::context& c, std::string what) -> stet::task<std::string> {
              co_await c.step("pack", {.run_inline = true}, [&] { w.done.hit(content); });
              try {
                co_await c.sleep(100h);
              } catch (...) { w.done.hit("caught"); }
              co_return what + content;
            });
        co_await ctx.receive(Close);
        co_return content;
      });
    });
    auto run = w.engine().start(Cart, "c");
    auto pack = run.start_update(Pack, "x");
    w.until([&] { return w.done.of("alive") == 1; });
    w.settle();
    run.signal(Close);
    CHECK(w.result(run) == "alive");
    auto failed = what_throws([&] { pack.result(); });
    CHECK(failed.code == stet::errc::update_failed);
    CHECK(w.done.of("caught") == 0);  // none of its code ran after that
    w.restart();
    CHECK(w.engine().find(Cart, "c")->result() == "alive");
  });
}

TEST_CASE("a run that is cancelled cancels its handlers, and each cleans up") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Cart, [&w](stet::context& ctx) -> stet::task<std::string> {
        auto packing =
            ctx.on(Pack, [&](stet::context& c, std::string what) -> stet::task<std::string> {
              try {
                co_await c.sleep(100h);
              } catch (const stet::cancelled&) { w.done.hit("cleaned"); }
              co_return what;
            });
        try {
          co_await ctx.receive(Close);
        } catch (const stet::cancelled&) {}
        co_await stet::shield(ctx.handlers_done());
        co_return std::string("ended");
      });
    });
    auto run = w.engine().start(Cart, "c");
    auto pack = run.start_update(Pack, "x");
    run.cancel("enough");
    CHECK(w.result(run) == "ended");
    CHECK(pack.result() == "x");
    CHECK(w.done.of("cleaned") >= 1);
  });
}

TEST_CASE("a body that captures is waited for when the handler that it belongs to is destroyed") {
  std::atomic<bool> begun{false}, left{false};
  std::atomic<int> seen{0};
  world w({.threads = 2});
  w.open([&](stet::engine& e) {
    e.define(Cart, [&](stet::context& ctx) -> stet::task<std::string> {
      int there = 42;
      auto packing = ctx.on(Pack, [&](stet::context& c, std::string) -> stet::task<std::string> {
        co_await c.step("slow", [&](stet::step_context& s) {
          begun = true;
          while (!s.stop_requested()) std::this_thread::sleep_for(1ms);
          std::this_thread::sleep_for(20ms);
          seen = there;
          left = true;
        });
        co_return std::string();
      });
      co_await ctx.receive(Close);
      co_return std::string(left ? "too early" : "in order");
    });
  });
  auto run = w.engine().start(Cart, "c");
  auto pack = run.start_update(Pack, "x");
  while (!begun) std::this_thread::sleep_for(1ms);
  run.signal(Close);
  CHECK(run.result() == "in order");
  CHECK(left);
  CHECK(seen == 42);
  CHECK(what_throws([&] { pack.result(); }).code == stet::errc::update_failed);
}

TEST_CASE("one name has one handler at a time, and none when its variable is gone") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Cart, [](stet::context& ctx) -> stet::task<std::string> {
        std::string text;
        {
          auto one = ctx.on(Content, [] { return std::string("one"); });
          try {
            auto two = ctx.on(Content, [] { return std::string("two"); });
          } catch (const stet::error& e) { text = to_string(e.code()); }
          co_await ctx.receive(Close);
        }
        co_await ctx.receive(Close);
        auto two = ctx.on(Content, [] { return std::string("two"); });
        co_await ctx.receive(Close);
        co_return text;
      });
    });
    auto run = w.engine().start(Cart, "c");
    CHECK(run.query(Content) == "one");
    run.signal(Close);
    CHECK(what_throws([&] { run.query(Content); }).code == stet::errc::not_found);
    run.signal(Close);
    CHECK(run.query(Content) == "two");
    run.signal(Close);
    CHECK(w.result(run) == "conflict");
  });
}

TEST_CASE("today's code has no handler for an update that was accepted: the run is stalled") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto run = w.engine().start(Cart, "c");
    run.update(Add, "a");
    auto with_handlers = [&](stet::engine& e) { define_cart(w, e); };
    w.open([](stet::engine& e) {
      e.define(Cart, [](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.receive(Close);
        co_return std::string();
      });
    });
    auto stalled = what_throws([&] { w.engine().find(Cart, "c")->query(Content); });
    CHECK(stalled.code == stet::errc::run_stalled);
    CHECK(stalled.says("'add'"));
    w.open(with_handlers);
    CHECK(w.engine().find(Cart, "c")->query(Content) == "a");
  });
}

TEST_CASE(
    "an update that was accepted and comes again with its id was accepted, also after the end") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_cart(w, e); });
    auto run = w.engine().start(Cart, "c");
    CHECK(run.update(Add, {.id = "add"}, "a") == 1);
    (void)run.start_update(Pack, {.id = "pack"}, "x");  // waits for an hour
    w.settle();
    w.engine().terminate("c");
    for (int i = 0; i < 2; ++i) {
      auto ended = *w.engine().find(Cart, "c");
      auto packing = ended.start_update(Pack, {.id = "pack"}, "x");
      CHECK(packing.id() == "pack");
      CHECK(what_throws([&] { (void)packing.result(); }).code == stet::errc::run_ended);
      CHECK(what_throws([&] { ended.update(Pack, {.id = "pack"}, "x"); }).code ==
            stet::errc::run_ended);
      CHECK(ended.start_update(Add, {.id = "add"}, "a").result() == 1);
      CHECK(what_throws([&] { (void)ended.start_update(Pack, {.id = "new"}, "x"); }).code ==
            stet::errc::run_ended);
      w.close();
      w.reopen();
    }
  });
}

namespace {

inline constexpr stet::workflow<void()> Listens{"listens"};
inline constexpr stet::query<int()> Heard{"heard"};

/// Counts the frames that exist.
class counted {
 public:
  explicit counted(std::atomic<int>& n) : n_(n) { ++n_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --n_; }

 private:
  std::atomic<int>& n_;
};

}  // namespace

TEST_CASE("when an engine is closed amid a query of a long run, none of the run's code is left") {
  std::atomic<int> frames{0};
  std::atomic<bool> is_asked{false}, is_amid{false}, closes{false};
  world w(cell{.threads = 1});
  w.open([&](stet::engine& e) {
    e.define(Listens, [&](stet::context& ctx) -> stet::task<void> {
      const counted here(frames);
      int heard = 0;
      auto answering = ctx.on(Heard, [&] { return heard; });
      for (;; ++heard) {
        co_await ctx.receive(Close);
        if (!is_asked || heard != 10) continue;
        is_amid = true;
        while (!closes) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(50ms);  // the close has begun: no call comes any more
      }
    });
  });
  auto run = w.engine().start(Listens, "long");
  for (int i = 0; i < 1200; ++i) run.signal(Close);
  run.terminate();
  CHECK(frames == 0);
  is_asked = true;
  std::thread asks([&] {
    auto e = what_throws([&] { (void)run.query(Heard); });  // it may come to its end
    CHECK((!e.thrown || e.code == stet::errc::closed));
  });
  while (!is_amid) std::this_thread::sleep_for(1ms);
  closes = true;
  w.engine().close();
  CHECK(frames == 0);  // though a handle keeps the engine's inner parts
  asks.join();
}
