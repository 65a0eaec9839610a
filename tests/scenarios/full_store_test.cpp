// A store without room: a commit that frees room goes first, and calls that only read go on.
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>

#include <stet/check.hpp>
#include <stet/history_file.hpp>
#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(std::string)> Keep{"keep"};
inline constexpr stet::workflow<std::string(int)> Fill{"fill"};
inline constexpr stet::signal<std::string> Word{"word"};

void define_all(stet::engine& e) {
  e.define(Keep, [](stet::context& ctx, std::string what) -> stet::task<std::string> {
    if (what.empty()) co_return co_await ctx.receive(Word);
    co_return what;
  });
  // Writes for as long as the store lets it.
  e.define(Fill, [](stet::context& ctx, int bytes) -> stet::task<std::string> {
    for (;;)
      co_await ctx.step("more",
                        [bytes] { return std::string(static_cast<std::size_t>(bytes), 'x'); });
  });
}
/// Once it is full, it takes only commits that erase, and these make room.
class filling_store final : public stet::store {
 public:
  std::optional<std::string> get(std::string_view key) override { return inner_->get(key); }
  void scan(const stet::scan_range& r, stet::visitor& v) override { inner_->scan(r, v); }
  void commit(const stet::batch& b, stet::durability d) override {
    bool erases = false;
    for (auto& o : b.operations()) erases |= o.what == stet::batch::kind::erase_range;
    if (full && !erases) {
      ++refusals;
      while (held) std::this_thread::sleep_for(1ms);
      throw stet::store_error(stet::errc::full, "a commit", "", 0, "no room",
                              stet::commit_outcome::refused);
    }
    full = false;
    inner_->commit(b, d);
  }
  void close() override { inner_->close(); }
  stet::store_info info() const override { return inner_->info(); }

  static inline std::atomic<bool> full{false}, held{false};
  static inline std::atomic<int> refusals{0};

 private:
  std::unique_ptr<stet::store> inner_ = stet::memory::open(stet::memory::make_contents());
};
template <class F> bool comes_by_itself(F happened) {
  for (int i = 0; i < 10'000 && !happened(); ++i) std::this_thread::sleep_for(1ms);
  return happened();
}
/// Polls the engine until something has happened.
template <class F> bool comes(stet::engine& e, bool manual, F happened, int looks = 5000) {
  for (; looks > 0 && !happened(); --looks) {
    if (manual) e.poll();
    (void)e.admin().open_runs({}, 1);
    std::this_thread::sleep_for(1ms);
  }
  return happened();
}

void check_sound(world& w) {
  w.close();
  auto report = stet::check(*w.store());
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  w.reopen();
}

}  // namespace

TEST_CASE("while the store refuses to write, readers see what is durable") {
  everywhere([](world& w) {
    w.open(define_all);
    auto& e = w.engine();
    w.result(e.start(Keep, "old", "word"));
    auto open = e.start(Keep, "open", "");
    w.settle();
    auto exported = stet::export_history(e, "old");
    w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
    CHECK(what_throws([&] { e.start(Keep, "new", "word"); }).code == stet::errc::full);
    CHECK(what_throws([&] { open.signal(Word, "now"); }).code == stet::errc::full);
    for (int i = 0; i < 3; ++i) {  // also after it has been tried again
      CHECK(e.admin().count() == 2);
      CHECK(e.admin().count("ExecutionStatus = 'Running'") == 1);
      CHECK(e.admin().count("WorkflowId = 'new'") == 0);
      CHECK(e.admin().list().runs.size() == 2);
      CHECK(e.admin().list("WorkflowId STARTS_WITH 'o'", {.page_size = 1}).next != "");
      CHECK(e.admin().count_by_status().size() == 2);
      CHECK(e.admin().open_runs() == std::vector<std::string>{"open"});
      CHECK(!e.admin().describe("new"));
      CHECK(e.admin().describe("open").value().waits_for.size() == 1);
      CHECK(e.admin().history("old").size() == 2);
      CHECK(e.admin().history("new").empty());
      CHECK(!e.find(Keep, "new"));
      CHECK(e.find(Keep, "open"));
      CHECK(open.status() == stet::status::running);
      CHECK(stet::export_history(e, "old") == exported);
      w.clock.advance(1s);
    }
    w.plan->heal();
    w.clock.advance(1s);
    w.until([&] { return e.admin().count() == 3; });
    CHECK(w.result(e.start(Keep, "new", "word")) == "word");
    open.signal(Word, "then");
    CHECK(w.result(open) == "then");
    check_sound(w);
  });
}

TEST_CASE("a list goes on over a refusal, each run once") {
  world w;
  w.open(define_all);
  auto& e = w.engine();
  for (int i = 0; i < 50; ++i) e.start(Keep, "r" + std::to_string(i), "word");
  w.settle();
  std::set<std::string> seen;
  std::string cursor;
  for (int page = 0;; ++page) {
    if (page == 1) {
      w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
      CHECK(what_throws([&] { e.start(Keep, "late", "word"); }).code == stet::errc::full);
    }
    if (page == 3) {
      w.plan->heal();
      w.pass(1s);
    }
    auto p = e.admin().list({}, {.page_size = 10, .cursor = cursor});
    for (auto& r : p.runs) CHECK(seen.insert(r.id).second);
    if (p.next.empty()) break;
    cursor = p.next;
  }
  CHECK(seen.size() == 50);
}

TEST_CASE("erasing goes along with what a full store refuses, and only that is told") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}, cell{.threads = 4}}) {
    world w(c);
    w.options.retention = 10h;
    w.open(define_all);
    auto& e = w.engine();
    for (int i = 0; i < 10; ++i) w.result(e.start(Keep, "r" + std::to_string(i), "word"));
    e.start(Keep, "open", "");
    w.settle();
    w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
    CHECK(what_throws([&] { e.start(Keep, "new", "word"); }).code == stet::errc::full);
    CHECK(what_throws([&] { e.admin().erase("r0"); }).code ==
          stet::errc::full);  // no room for that either
    CHECK(e.admin().count() == 11);
    CHECK(e.admin().describe("r0"));
    w.plan->heal();
    CHECK(e.admin().erase("r1") == 1);  // at once, without waiting for the next try
    CHECK(e.admin().count() == 10);     // r0 was erased too, and "new" was started
    CHECK(!e.admin().describe("r0"));
    CHECK(!e.admin().describe("r1"));
    CHECK(e.admin().describe("new"));
    CHECK(e.admin().erase("open", {.terminate = true}) == 1);
    // A run whose retention is over makes room by itself. (A run that ends in the refused block has
    // ended when that is written.)
    w.plan->fail_next(store_call::commit, fault::refused);
    CHECK(what_throws([&] { e.start(Keep, "newer", ""); }).code == stet::errc::full);
    w.clock.advance(20h);
    w.until([&] { return e.admin().count() == 1; });
    CHECK(e.admin().describe("newer"));
    w.restart();
    w.settle();
    CHECK(w.engine().admin().describe("newer"));
    CHECK(!w.engine().admin().describe("r5"));
    check_sound(w);
  }
}

TEST_CASE("what is erased from a full store is gone whole, whatever dies and when") {
  for (cell c : {cell{}, cell{.lmdb = true}})
    for (std::uint64_t dies = 1; dies < 6; ++dies)
      for (auto how : {fault::unknown_lost, fault::unknown_applied}) {
        world w(c);
        w.open(define_all);
        w.result(w.engine().start(Keep, "gone", "word"));
        w.result(w.engine().start(Keep, "stays", "word"));
        w.plan->fail_next(store_call::commit, fault::refused, 2);
        CHECK(what_throws([&] { w.engine().start(Keep, "new", "word"); }).thrown);
        bool erased = false;
        w.plan->fail(store_call::commit, w.plan->count(store_call::commit) + dies, how,
                     faults::for_ever);
        try {
          for (int i = 0; i < 3 && !erased; ++i)
            erased = !what_throws([&] { w.engine().admin().erase("gone"); }).thrown;
          w.pass(1s);
        } catch (const stet::error&) {}
        w.crash();
        w.plan->heal();
        w.reopen();
        w.settle();
        if (erased) CHECK(!w.engine().admin().describe("gone"));
        CHECK(w.result(*w.engine().find(Keep, "stays")) == "word");
        check_sound(w);
      }
}

TEST_CASE("a start without room can be tried again") {
  for (bool lmdb : {false, true}) {
    world w({.lmdb = lmdb});
    w.open(define_all);
    w.engine().start(Keep, "open", "");
    w.close();
    for (std::uint64_t n = 1; n <= 2; ++n) {
      auto e = w.make();
      w.plan->fail_next(store_call::commit, fault::refused, static_cast<int>(n));
      for (std::uint64_t i = 0; i < n; ++i)
        CHECK(what_throws([&] { e->start(); }).code == stet::errc::full);
      e->start();
      CHECK(e->admin().count() == n);
      CHECK(e->start(Keep, "more" + std::to_string(n), "word").result() == "word");
      e->close();
    }
    w.reopen();
    w.engine().signal("open", Word, "on");
    CHECK(w.result(*w.engine().find(Keep, "open")) == "on");
  }
}

TEST_CASE("retention makes room in a full store, for as long as it takes") {
  for (unsigned threads : {0u, 2u}) {
    fake_clock clock;
    recorder heard;
    stet::engine e(std::make_unique<filling_store>(),
                   {.threads = threads, .retention = 1h, .clock = &clock, .listener = &heard});
    define_all(e);
    e.start();
    for (int i = 0; i < 5; ++i) {
      (void)e.start(Keep, "r" + std::to_string(i), "word").result();
      clock.advance(1s);
    }
    (void)e.start(Keep, "open", "");  // ends in a later commit than these
    filling_store::full = true;
    CHECK(what_throws([&] { e.start(Keep, "new", "word"); }).code == stet::errc::full);
    for (int i = 0; i < 20; ++i) {  // it is tried again and again
      auto before = filling_store::refusals.load();
      clock.advance(300ms);
      CHECK(comes(e, threads == 0, [&] { return filling_store::refusals > before; }));
    }
    clock.advance(2h);
    for (int i = 0; i < 10 && filling_store::full; ++i) {
      clock.advance(300ms);
      (void)comes(e, threads == 0, [&] { return filling_store::refusals < 0; }, 20);
    }
    CHECK(!filling_store::full);
    CHECK(comes(e, threads == 0,
                [&] { return !e.admin().describe("r0") && !e.admin().describe("r4"); }));
    CHECK(e.start(Keep, "then", "there is room").result() == "there is room");
    e.close();
  }
}

TEST_CASE("what erases while the refused block is tried again goes along with it, at once") {
  filling_store::full = false;
  std::atomic<bool> goes_on{false};
  stet::engine e(std::make_unique<filling_store>(), {.threads = 2});
  define_all(e);
  constexpr stet::workflow<int()> Long{"long"};
  e.define(Long, [&](stet::context& ctx) -> stet::task<int> {
    co_return co_await ctx.step("long", [&] {
      while (!goes_on) std::this_thread::sleep_for(1ms);
      return 1;
    });
  });
  e.start();
  for (int i = 0; i < 3; ++i) (void)e.start(Keep, "r" + std::to_string(i), "word").result();
  auto before = filling_store::refusals.load();
  auto busy = e.start(Long, "long");  // so the loop goes on while a block is written
  std::this_thread::sleep_for(50ms);
  filling_store::full = true;
  CHECK(what_throws([&] { e.start(Keep, "new", "word"); }).code == stet::errc::full);
  filling_store::held = true;
  CHECK(comes_by_itself([&] { return filling_store::refusals > before + 1; }));
  std::atomic<bool> asks{false};
  caught told;
  std::thread asking([&] {
    asks = true;
    told = what_throws([&] { CHECK(e.admin().erase("r0") == 1); });
  });
  CHECK(comes_by_itself([&] { return asks.load(); }));
  std::this_thread::sleep_for(50ms);
  filling_store::held = false;
  asking.join();
  CHECK_MESSAGE(!told.thrown, told.text);
  CHECK(!filling_store::full);
  goes_on = true;
  CHECK(busy.result() == 1);
  e.close();
}

#if STET_TESTS_HAVE_LMDB
TEST_CASE(
    "an LMDB store at its limit is pruned, in the engine that filled it and in the next one") {
  constexpr auto map = 16u << 20;
  for (std::uint64_t log : {std::uint64_t{0}, std::uint64_t{8} << 20})
    for (bool restarts : {false, true}) {
      INFO("log ", log, ", restart ", restarts);
      temporary_directory directory;
      fake_clock clock;
      recorder heard;
      stet::engine_options options{.threads = 0, .clock = &clock, .listener = &heard};
      auto open = [&] {
        auto e = std::make_unique<stet::engine>(
            stet::lmdb::open(directory / "s",
                             {.map_bytes = 1u << 20, .map_bytes_max = map, .log_bytes = log}),
            options);
        define_all(*e);
        return e;
      };
      auto e = open();
      e->start();
      int made = 0;
      auto id = [](int n) { return "r" + std::to_string(n); };
      caught full;
      for (; made < 4000 && !full.thrown; ++made)
        full =
            what_throws([&] { (void)e->start(Keep, id(made), std::string(20'000, 'x')).result(); });
      REQUIRE(full.code == stet::errc::full);
      (void)what_throws([&] { e->start(Fill, "filler", 10'000); });
      if (restarts) {
        (void)what_throws([&] { e->close(); });
        e = open();
        e->start();
        (void)what_throws([&] { e->run_until_idle(); });
      }
      for (int i = 0; i < 20; ++i) {  // it stays full, and calls can still read
        clock.advance(300ms);
        e->poll();
      }
      CHECK(e->admin().count("WorkflowType = 'keep'") >= static_cast<std::uint64_t>(made - 2));
      CHECK(!e->admin().list().runs.empty());
      CHECK(e->admin().describe("r0"));
      CHECK(e->admin().history("r0").size() == 2);
      auto before = e->admin().count("WorkflowType = 'keep'");
      for (int i = 0; i < 30; ++i) CHECK(e->admin().erase(id(i)) == 1);
      CHECK(e->admin().count("WorkflowType = 'keep'") <= before - 29);
      (void)what_throws([&] { e->admin().erase("filler", {.terminate = true}); });
      for (int i = 0; i < 3; ++i) {
        clock.advance(300ms);
        e->poll();
      }
      auto again = e->start(Keep, "again", "there is room");
      CHECK(again.result() == "there is room");
      e->close();
      auto report = stet::check(*stet::lmdb::open(directory / "s", {.map_bytes_max = map}));
      CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
    }
}
#endif
