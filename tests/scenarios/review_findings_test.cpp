// Faults that reviews of the code found: bodies and the loop that wait for each other, an event
// that is larger than a commit, interceptors that repeat a body, exceptions without a text, reads
// and heartbeats of a full store, and an entropy source that repeats itself.
#include <atomic>
#include <csignal>
#include <set>
#include <thread>

#include <stet/blob.hpp>
#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif

#include "tests/support/child_process.hpp"
#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::workflow<int(int)> Asks{"asks"};
inline constexpr stet::workflow<std::string(std::string)> Echo{"echo"};
inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::table<std::string, int> Accounts{"accounts"};

bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 60'000 && !what(); ++i) std::this_thread::sleep_for(1ms);
  return what();
}

/// A store with a small limit for values, so that an event is soon too large for a commit.
class short_values final : public stet::forwarding_store {
 public:
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, stet::durability d) override {
    for (auto& o : b.operations())
      if (o.what == stet::batch::kind::put && o.value.size() > longest)
        throw stet::store_error(stet::errc::usage, "a commit", "", 0, "a value is too long",
                                stet::commit_outcome::refused);
    inner_->commit(b, d);
  }
  stet::store_info info() const override {
    auto i = inner_->info();
    i.value_bytes_max = longest;
    return i;
  }
  static constexpr std::size_t longest = std::size_t{1} << 20;
};

struct silent : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
struct unencodable {};
struct declared final : silent {};

}  // namespace

template <> struct stet::codec<unencodable> {
  static void encode(stet::writer&, const unencodable&) { throw silent{}; }
  static unencodable decode(stet::reader& in) { return (void)in.natural(), unencodable{}; }
};
template <> struct stet::codec<declared> {
  static void encode(stet::writer& out, const declared&) { out.natural(1); }
  static declared decode(stet::reader& in) { return (void)in.natural(), declared{}; }
};

namespace {

inline constexpr stet::error_type<declared> Declared{"declared"};

/// Starts a run whose update handler has a capturing body under way. The body calls `calls` after
/// the run's main coroutine has returned.
void open_awaited(world& w, std::atomic<bool>& began, std::atomic<bool>& goes,
                  const std::function<void()>& calls) {
  w.open([&began, &goes, calls](stet::engine& e) {
    e.define(Number, [&began, &goes, calls](stet::context& ctx) -> stet::task<int> {
      auto adds = ctx.on(Add, [&](stet::context& c, int i) -> stet::task<int> {
        co_return co_await c.step("s", [&, i] {
          began = true;
          while (!goes) std::this_thread::sleep_for(1ms);
          calls();
          return i;
        });
      });
      co_return co_await ctx.receive(Go);
    });
    e.define(Asks, [](stet::context& ctx, int n) -> stet::task<int> {
      co_return n + co_await ctx.receive(Go);
    });
  });
}

}  // namespace

TEST_CASE("a body that the loop waits for may call the engine: nothing hangs") {
  for (std::string how : {"signal", "waits", "reads", "from a thread"}) {
    CAPTURE(how);
    std::atomic<bool> began{false}, goes{false};
    std::atomic<int> refused{0};
    world w({.threads = 4});
    auto call = [&] {
      try {
        if (how == "signal") w.engine().signal("other", Go, 1);
        else if (how == "reads") (void)w.engine().admin().describe("other");
        else if (how == "waits") (void)w.engine().find(Asks, "other")->result();
        else
          std::thread([&] {
            try {
              w.engine().signal("other", Go, 1);
            } catch (const stet::error&) { ++refused; }
          }).join();
      } catch (const stet::error& e) {
        if (e.code() == stet::errc::busy) ++refused;
      }
    };
    open_awaited(w, began, goes, call);
    auto run = w.engine().start(Number, "n");
    auto other = w.engine().start(Asks, "other", 1);
    std::thread updates([&] {
      try {
        (void)run.update(Add, 1);
      } catch (const stet::error&) {}
    });
    REQUIRE(comes_true([&] { return began.load(); }));
    std::thread signals([&] {
      try {
        run.signal(Go, 5);
      } catch (const stet::error&) {}
    });
    std::this_thread::sleep_for(50ms);  // the run ends, and waits for its handler's body
    goes = true;
    CHECK(run.result() == 5);
    signals.join();
    updates.join();
    if (other.status() == stet::status::running) w.engine().signal("other", Go, 1);
    CHECK(other.result() == 2);
    CHECK(w.heard.heard("waits for the body of step 's'") == (refused > 0));
  }
}

TEST_CASE("a close with a limit doesn't wait for a body that the loop waits for, or runs itself") {
  for (bool runs_inline : {false, true}) {
    CAPTURE(runs_inline);
    // The body outlives the close, and refers to these until it ends.
    static std::atomic<int> left{0};
    left = 0;
    auto began = std::make_shared<std::atomic<bool>>(false);
    auto goes = std::make_shared<std::atomic<bool>>(false);
    auto contents = stet::memory::make_contents();
    auto listens = std::make_shared<recorder>();
    auto define = [=](stet::engine& e) {
      e.define(Number, [=](stet::context& ctx) -> stet::task<int> {
        auto hangs = [=] {
          *began = true;
          while (!*goes) std::this_thread::sleep_for(1ms);
          ++left;
          return 1;
        };
        auto adds = ctx.on(Add, [=](stet::context& c, int) -> stet::task<int> {
          co_return co_await c.step("s", hangs);
        });
        if (runs_inline) co_await ctx.step("s", {.run_inline = true}, stet::owning(hangs));
        co_return co_await ctx.receive(Go);
      });
    };
    {
      stet::engine e(stet::memory::open(contents), {.threads = 2, .listener = listens.get()});
      define(e);
      e.start();
      e.start(Number, "n");
      std::thread updates, signals;
      if (!runs_inline) {
        updates = std::thread([&] { (void)what_throws([&] { (void)e.update("n", Add, 1); }); });
        REQUIRE(comes_true([&] { return began->load(); }));
        signals = std::thread([&] { (void)what_throws([&] { e.signal("n", Go, 5); }); });
        REQUIRE(comes_true([&] { return listens->heard("waits for the body"); }));
      } else {
        REQUIRE(comes_true([&] { return began->load(); }));
      }
      CHECK(!e.close(10ms));
      CHECK(left == 0);
      if (updates.joinable()) updates.join();
      if (signals.joinable()) signals.join();
    }
    *goes = true;
    CHECK(comes_true([] { return left == 1; }));
    stet::engine next(stet::memory::open(contents), {.threads = 2, .listener = listens.get()});
    define(next);
    next.start();
    if (next.find(Number, "n")->status() == stet::status::running) next.signal("n", Go, 5);
    CHECK(next.find(Number, "n")->result() == 5);
  }
}

TEST_CASE("an event that is larger than a commit stalls its run, and the engine goes on [S152]") {
  for (std::string how : {"asks for too much", "is sent too much"}) {
    CAPTURE(how);
    auto contents = stet::memory::make_contents();
    recorder heard;
    stet::engine_options o{.threads = 0,
                           .commits = stet::durability::process,
                           .payload_bytes_max = 16 << 10,
                           .listener = &heard};
    auto live = [&](const std::function<void(stet::engine&)>& act) {
      stet::engine e(std::make_unique<short_values>(stet::memory::open(contents)), o);
      e.define(Asks, [&](stet::context& ctx, int steps) -> stet::task<int> {
        if (steps == 0) {
          co_await ctx.receive(Go);
          co_return co_await ctx.continue_as_new(Asks, 1);
        }
        co_await ctx.step("one", [] { return 1; });
        std::vector<std::string> items(static_cast<std::size_t>(steps), std::string(15'000, 'x'));
        co_await stet::map(items, [](stet::context& c, const std::string& text) {
          return c.step("x", [](const std::string&) {}, text);
        });
        co_return steps;
      });
      e.define(Echo, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
        co_return co_await ctx.step("s", [&] { return s; });
      });
      e.start();
      act(e);
    };
    auto is_well = [&](stet::engine& e, const std::string& id) {
      auto run = e.start(Echo, id, "well");
      e.run_until_idle(1min);
      CHECK(run.result() == "well");
    };
    live([&](stet::engine& e) {
      if (how == "asks for too much") {
        e.start(Asks, "a", 60);
      } else {
        e.start(Asks, "a", 0);
        for (int i = 0; i < 60; ++i) e.signal("a", Word, std::string(15'000, 'x'));
        e.signal("a", Go, 1);
      }
      e.run_until_idle(1min);
      CHECK(e.admin().describe("a")->status == stet::status::stalled);
      CHECK(e.admin().describe("a")->reason.find("one commit takes") != std::string::npos);
      is_well(e, "w1");
    });
    live([&](stet::engine& e) {
      e.run_until_idle(1min);
      CHECK(e.admin().describe("a")->status == stet::status::stalled);
      is_well(e, "w2");
      if (how == "asks for too much") e.start(Asks, "enough", 12);
      e.run_until_idle(1min);
      if (how == "asks for too much") CHECK(e.find(Asks, "enough")->result() == 12);
    });
    CHECK(!heard.heard("the engine stopped"));
  }
}

TEST_CASE("many calls of one turn, and many starts at once, are more than one commit") {
  auto contents = stet::memory::make_contents();
  recorder heard;
  stet::engine e(std::make_unique<short_values>(stet::memory::open(contents)),
                 {.threads = 2,
                  .commits = stet::durability::process,
                  .payload_bytes_max = 64 << 10,
                  .listener = &heard});
  e.define(Echo, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
    co_return s + co_await ctx.receive(Word);
  });
  e.start();
  std::vector<std::pair<std::string, std::tuple<std::string>>> all;
  for (int i = 0; i < 10; ++i) all.emplace_back("r" + std::to_string(i), std::string(60'000, 'x'));
  auto what = what_throws([&] { (void)e.start_all(Echo, all); });
  CHECK(what.code == stet::errc::payload);
  CHECK(what.says("start them in several parts"));
  CHECK(e.admin().count() == 0);
  all.resize(4);
  CHECK(e.start_all(Echo, all).size() == 4);
  std::vector<std::thread> callers;
  for (int i = 0; i < 40; ++i)
    callers.emplace_back([&, i] {
      e.signal("r" + std::to_string(i % 4), stet::signal<std::string>{"another"},
               std::string(60'000, 'y'));
    });
  for (auto& c : callers) c.join();
  for (int i = 0; i < 4; ++i) e.signal("r" + std::to_string(i), Word, "!");
  for (int i = 0; i < 4; ++i)
    CHECK(e.find(Echo, "r" + std::to_string(i))->result().size() == 60'001);
  CHECK(!heard.heard("the engine stopped"));
  CHECK(what_throws([] {
          stet::engine(std::make_unique<short_values>(stet::memory::open()), {});
        }).says("payload_bytes_max is at most a sixteenth"));
}

TEST_CASE("what a body wrote before an interceptor repeats it, or answers for it, doesn't count") {
  struct stands_before final : stet::interceptor {
    std::string run_step(const stet::step_attempt&, stet::step_body& body) override {
      for (;;) try {
          return body.run();
        } catch (const std::runtime_error&) {
          if (!repeats) return answer;
        }
    }
    bool repeats = false;
    std::string answer;
  };
  for (bool repeats : {false, true}) {
    CAPTURE(repeats);
    everywhere([&](world& w) {
      stands_before before;
      before.repeats = repeats;
      stet::encode<int>(before.answer, -1);
      w.options.interceptor = &before;
      std::atomic<int> fails{1};
      w.open([&](stet::engine& e) {
        e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
          co_return co_await ctx.transact("debit", [&](stet::transaction& tx) {
            tx.put(Accounts, "ann", *tx.get(Accounts, "ann") - 10);
            if (fails-- > 0) throw std::runtime_error("no connection");
            tx.put(Accounts, "bob", *tx.get(Accounts, "bob") + 10);
            return 1;
          });
        });
      });
      w.engine().transact([](stet::transaction& tx) {
        tx.put(Accounts, "ann", 100);
        tx.put(Accounts, "bob", 100);
      });
      CHECK(w.run(Number, "n") == (repeats ? 1 : -1));
      auto has = [&](const char* who) {
        return w.engine().transact([&](stet::transaction& tx) { return *tx.get(Accounts, who); });
      };
      CHECK(has("ann") == (repeats ? 90 : 100));
      CHECK(has("bob") == (repeats ? 110 : 100));
    });
  }
}

TEST_CASE("an exception whose what() is null is told as any other") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Declared);
      e.define(Echo, [](stet::context& ctx, std::string how) -> stet::task<std::string> {
        constexpr stet::step_options once{.retry = {.max_attempts = 1}};
        if (how == "codec") co_await ctx.step("s", once, [] { return unencodable{}; });
        if (how == "declared") co_await ctx.step("s", once, []() -> int { throw declared{}; });
        if (how == "completion")
          co_await ctx.step("s", once,
                            [](stet::completion<unencodable> d) { d.resolve(unencodable{}); });
        if (how == "workflow") throw silent{};
        co_return "";
      });
    });
    for (std::string how : {"codec", "declared", "completion", "workflow"}) {
      CAPTURE(how);
      auto run = w.engine().start(Echo, how, how);
      bool is_itself = false;  // doctest would read its text
      auto what = what_throws([&] {
        try {
          w.result(run);
        } catch (const declared&) { is_itself = true; }
      });
      CHECK(is_itself == (how == "declared"));
      CHECK((is_itself || what.says("what() is null")));
    }
  });
}

TEST_CASE("while the store is full, blobs are read and heartbeats don't pile up") {
  std::atomic<bool> began{false}, goes{false}, may_end{false};
  world w({.threads = 2});
  stet::blob kept;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      auto b = co_await ctx.step("keep", [](stet::step_context& s) { return s.keep("bytes"); });
      kept = b;
      co_return co_await ctx.step("use", {.retry = {.max_attempts = 1}},
                                  [&, b](stet::step_context& s) {
                                    began = true;
                                    while (!goes) std::this_thread::sleep_for(1ms);
                                    auto size = s.read(b).size();
                                    for (int i = 0; i < 100; ++i) {
                                      s.heartbeat(i);
                                      std::this_thread::sleep_for(1ms);
                                    }
                                    while (!may_end) std::this_thread::sleep_for(1ms);
                                    return static_cast<int>(size);
                                  });
    });
    e.define(Asks, [](stet::context& ctx, int n) -> stet::task<int> {
      co_return n + co_await ctx.receive(Go);
    });
  });
  auto run = w.engine().start(Number, "n");
  REQUIRE(comes_true([&] { return began.load(); }));
  w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
  CHECK(what_throws([&] { w.engine().start(Asks, "a", 1); }).code == stet::errc::full);
  CHECK(w.engine().read(kept) == "bytes");
  goes = true;
  std::this_thread::sleep_for(300ms);
  w.plan->heal();
  w.clock.advance(1s);
  w.until([&] { return w.engine().admin().describe("a").has_value(); });
  may_end = true;
  CHECK(run.result() == 5);
  std::size_t said = 0;
  for (auto& h : w.engine().admin().history("n")) said += h.kind == stet::record_kind::progress;
  CHECK(said <= 2);
}

TEST_CASE("an entropy that repeats itself at each start confuses no updates and no keys") {
  struct repeats final : stet::entropy {
    std::uint64_t bits() noexcept override { return ++last; }
    std::uint64_t last = 41;
  };
  for (bool lmdb : {false, true}) {
    world w({.lmdb = lmdb});
    repeats entropy;
    w.options.entropy = &entropy;
    std::set<std::string> keys;
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
        int sum = 0;
        auto adds = ctx.on(Add, [&](int i) { return sum += i; });
        co_await ctx.step("s", {.run_inline = true},
                          [&](stet::step_context& s) { keys.insert(s.idempotency_key()); });
        co_await ctx.receive(Go);
        co_return sum;
      });
    });
    for (int life = 0; life < 3; ++life) {
      entropy.last = 41;
      w.restart();
      w.engine().start(Number, "x" + std::to_string(life));
      w.settle();
      for (int i = 0; i <= life; ++i) (void)w.engine().update("x" + std::to_string(i), Add, 10);
    }
    w.engine().signal("x0", Go, 1);
    CHECK(w.result(*w.engine().find(Number, "x0")) == 30);
    CHECK(keys.size() == 3);
  }
}

#if STET_TESTS_HAVE_LMDB
namespace {

bool is_deadly = false;
struct killer {
  ~killer() {
    if (is_deadly) ::raise(SIGKILL);
  }
};
inline constexpr stet::query<int()> Ask{"ask"};

}  // namespace

TEST_CASE("a run that is suspected of its destructor is erased whole, its frame too") {
  temporary_directory directory;
  auto define = [](stet::engine& e) {
    e.define(Number, [](stet::context& ctx) -> stet::task<int> {
      killer k;
      auto asks = ctx.on(Ask, [] { return 7; });
      co_return co_await ctx.receive(Go);
    });
    e.define(Asks, [](stet::context& ctx, int n) -> stet::task<int> {
      auto asks = ctx.on(Ask, [&] { return n; });
      co_return co_await ctx.receive(Go);
    });
  };
  child_process child([&](int) {
    is_deadly = true;
    recorder quiet;
    stet::engine e(stet::lmdb::open(directory / "store"), {.threads = 2, .listener = &quiet});
    define(e);
    e.start();
    e.start(Number, "n");
    e.terminate("n");
  });
  CHECK(child.wait() != 0);
  recorder heard;
  stet::engine e(stet::lmdb::open(directory / "store"),
                 {.resident_runs_max = 3, .listener = &heard});
  define(e);
  e.start();
  REQUIRE(e.find(Number, "n"));
  CHECK(e.query("n", Ask) == 7);
  CHECK(e.admin().erase("n", {.terminate = true}) == 1);
  for (int i = 0; i < 20; ++i) {
    auto run = e.start(Asks, "a" + std::to_string(i), i);
    CHECK(run.query(Ask) == i);
  }
  CHECK(!heard.heard("the engine stopped"));
}
#endif
