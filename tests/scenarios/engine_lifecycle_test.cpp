// The life of an engine: start, calls from any thread, close. Also: the ids of runs.
#include <atomic>
#include <filesystem>
#include <latch>
#include <set>
#include <thread>

#include <stet/check.hpp>

#include "tests/support/child_process.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;
using stet::errc;

namespace {

inline constexpr stet::workflow<int(int)> Nth{"nth"};
inline constexpr stet::workflow<std::string()> Text{"text"};

stet::task<int> once(stet::context& ctx, int n) {
  co_await ctx.sleep(1h);
  co_return co_await ctx.step("x", [n] { return n; });
}
void define(stet::engine& e) { e.define(Nth, once); }

std::size_t entries(const char* directory) {
  std::size_t n = 0;
  for (auto& e : std::filesystem::directory_iterator(directory)) n += !e.path().empty();
  return n;
}

/// Makes every call that an engine has. Returns the errors that they throw.
std::set<errc> all_calls(stet::engine& e, const stet::run_handle<int>& run) {
  std::set<errc> codes;
  auto call = [&](auto f) {
    auto told = what_throws(f);
    if (told.thrown) codes.insert(told.code);
  };
  call([&] { e.start(Nth, "more", 1); });
  call([&] { e.start_all(Nth, std::vector{std::pair(std::string("more"), std::tuple(1))}); });
  call([&] { e.find(Nth, "1"); });
  call([&] { e.cancel("1"); });
  call([&] { e.terminate("1"); });
  call([&] { e.admin().resume("1"); });
  call([&] { e.admin().describe("1"); });
  call([&] { e.admin().open_runs(); });
  call([&] { run.result(); });
  call([&] { run.wait_for(1ms); });
  call([&] { run.status(); });
  call([&] { run.cancel(); });
  call([&] { run.terminate(); });
  return codes;
}

}  // namespace

TEST_CASE("an engine that isn't started says so, and may go as it came [S200]") {
  world w;
  { auto never = w.make(); }
  auto e = w.make();
  e->define(Nth, once);
  CHECK(what_throws([&] { e->start(Nth, "1", 1); }).code == errc::usage);
  CHECK(what_throws([&] { e->poll(); }).code == errc::usage);
  CHECK(what_throws([&] { e->define(Nth, once); }).code == errc::conflict);
  e->start();
  CHECK(what_throws([&] { e->start(); }).code == errc::usage);
  CHECK(what_throws([&] {
          e->define(Text, [](stet::context&) -> stet::task<std::string> { co_return ""; });
        }).code == errc::usage);
  CHECK(!e->start(Nth, "1", 1).id().empty());
  e->close();
  e->close();
  CHECK(what_throws([&] { e->start(); }).code == errc::closed);
  CHECK(what_throws([&] { e->start(Nth, "1", 1); }).code == errc::closed);
  CHECK(what_throws([&] { e->run_until_idle(); }).code == errc::closed);
  CHECK(what_throws([&] { e->next_wakeup(); }).code == errc::closed);
}

TEST_CASE("an engine that makes no sense is refused") {
  CHECK(what_throws([] { stet::engine e(nullptr); }).code == errc::usage);
  auto refused = [](stet::engine_options o) {
    return what_throws([&] { stet::engine e(stet::memory::open(), std::move(o)); });
  };
  CHECK(refused({.tail_bytes_max = 10}).says("at least 4096 bytes, not 10"));
  CHECK(refused({.threads = 4'000'000'000}).says("threads are at most 4096, not 4000000000"));
  world w({.threads = 1});
  w.open(define);
  CHECK(what_throws([&] { w.engine().poll(); }).code == errc::usage);
  CHECK(what_throws([&] { w.engine().run_until_idle(); }).code == errc::usage);
  CHECK(what_throws([&] { (void)w.engine().next_wakeup(); }).code == errc::usage);
  CHECK(what_throws([&] { (void)w.engine().time_to_next_wakeup(); }).code == errc::usage);
}

TEST_CASE("a handle that outlives its engine says that it is closed") {
  everywhere([](world& w) {
    w.open(define);
    auto run = w.engine().start(Nth, "1", 1);
    w.close();
    CHECK(what_throws([&] { run.result(); }).code == errc::closed);
    CHECK(what_throws([&] { run.wait_for(1ms); }).code == errc::closed);
    CHECK(what_throws([&] { run.status(); }).code == errc::closed);
    CHECK(what_throws([&] { run.cancel(); }).code == errc::closed);
    CHECK(what_throws([&] { run.terminate(); }).code == errc::closed);
    CHECK(run.id() == "1");
  });
}

TEST_CASE("whoever waits when the engine is closed is told so [S175, S205]") {
  world w({.threads = 2});
  w.open(define);
  auto run = w.engine().start(Nth, "1", 1);
  std::atomic<int> closed{0};
  std::latch asked(9);
  std::vector<std::thread> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.emplace_back([&, i] {
      asked.count_down();
      auto told = what_throws([&] {
        if (i % 2) run.result();
        else run.wait_for(24h);
      });
      closed += told.code == errc::closed;
    });
  }
  asked.arrive_and_wait();
  std::this_thread::sleep_for(2ms);
  w.close();
  for (auto& t : waiting) t.join();
  CHECK(closed == 8);
}

TEST_CASE("calls on the engine's own thread throw instead of waiting for themselves [S200]") {
  everywhere([](world& w) {
    std::set<errc> in_workflow, in_inline_step;
    errc close_in_workflow{}, close_in_step{};
    stet::engine* engine = nullptr;
    std::optional<stet::run_handle<int>> other;
    w.open([&](stet::engine& e) {
      engine = &e;
      e.define(Nth, once);
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        in_workflow = all_calls(*engine, *other);
        close_in_workflow = what_throws([&] { engine->close(); }).code;
        co_await ctx.step("inline", {.run_inline = true}, [&] {
          in_inline_step = all_calls(*engine, *other);
          close_in_step = what_throws([&] { engine->close(); }).code;
        });
        co_return "done";
      });
    });
    other = w.engine().start(Nth, "1", 1);
    CHECK(w.run(Text, "t") == "done");
    CHECK(in_workflow == std::set{errc::usage});
    CHECK(in_inline_step == std::set{errc::usage});
    CHECK(close_in_workflow == errc::usage);
    CHECK(close_in_step == errc::usage);
    CHECK(other->status() != stet::status::cancelled);
  });
}

TEST_CASE("a body on the pool may call its engine, but not close it [S200]") {
  world w({.threads = 2});
  stet::engine* engine = nullptr;
  caught closing;
  w.open([&](stet::engine& e) {
    engine = &e;
    e.define(Nth, once);
    e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
      co_return co_await ctx.step("x", [&] {
        auto other = engine->start(Nth, "2", 2);
        closing = what_throws([&] { engine->close(); });
        return other.id() + std::to_string(engine->admin().open_runs().size());
      });
    });
  });
  CHECK(w.run(Text, "t") == "22");
  CHECK(closing.thrown);
  CHECK(closing.code == errc::usage);
  CHECK(w.run(Nth, "2", 2) == 2);
}

TEST_CASE(
    "an id is a run: asked for again it is the same one, for another workflow it is a conflict "
    "[S101]") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      define(e);
      e.define(Text, [](stet::context&) -> stet::task<std::string> { co_return "text"; });
    });
    auto first = w.engine().start(Nth, "1", 1);
    auto again = w.engine().start(Nth, "1", 7);
    CHECK(first.created());
    CHECK(!again.created());
    CHECK(w.result(again) == 1);
    CHECK(w.run(Nth, "1", 9) == 1);
    CHECK(what_throws([&] { w.engine().start(Text, "1"); }).code == errc::conflict);
    CHECK(what_throws([&] { w.engine().find(Text, "1"); }).code == errc::conflict);
    CHECK(!w.engine().find(Nth, "2"));
    CHECK(!w.engine().admin().describe("2"));
    w.restart();
    CHECK(!w.engine().start(Nth, "1", 3).created());
    CHECK(w.engine().find(Nth, "1")->result() == 1);
    auto many = w.engine().start_all(Nth, std::vector{std::pair(std::string("1"), std::tuple(5)),
                                                      std::pair(std::string("2"), std::tuple(6)),
                                                      std::pair(std::string("2"), std::tuple(7))});
    CHECK(many[0].created() == false);
    CHECK(many[1].created());
    CHECK(many[2].created() == false);
    CHECK(w.result(many[2]) == 6);
  });
}

TEST_CASE("ids are bytes: any of them, 1 to 200, and none is taken for another [S215]") {
  everywhere_by_hand([](world& w) {
    w.open(define);
    std::vector<std::string> ids{"a",
                                 std::string("a\0b", 3),
                                 "a/b",
                                 std::string("a\0", 2),
                                 std::string("\0", 1),
                                 std::string("a\0\1", 3),
                                 std::string("a\0\xff", 3),
                                 "a\xff",
                                 "aa",
                                 "\xff\xff",
                                 "..",
                                 "a|b@c%d",
                                 "a\nb",
                                 "\xf0\x9f\x98\x80",
                                 std::string(200, '\0'),
                                 std::string(200, '\xff'),
                                 std::string(199, '\0'),
                                 std::string(200, 'x')};
    for (int c = 0; c < 256; ++c) ids.push_back(std::string("byte ") + static_cast<char>(c));
    auto at = [&](const std::string& id) {
      return static_cast<int>(std::find(ids.begin(), ids.end(), id) - ids.begin());
    };
    for (auto& id : ids) CHECK(w.engine().start(Nth, id, at(id)).created());
    w.settle();
    w.close();
    w.reopen();
    for (auto& id : ids) {
      auto info = w.engine().admin().describe(id);
      REQUIRE(info);
      CHECK(info->id == id);
      CHECK(!w.engine().start(Nth, id, 0).created());
    }
    w.finish();
    w.restart();
    for (auto& id : ids) CHECK(w.engine().find(Nth, id)->result() == at(id));
    for (const auto& id : {std::string("b"), std::string("a\0b\0", 4), std::string("a\0c", 3),
                           std::string(198, '\0')})
      CHECK(!w.engine().find(Nth, id));
  });
}

TEST_CASE("an id that is empty or too long is refused, in words of bounded length [S215]") {
  everywhere([](world& w) {
    w.open(define);
    for (auto& id : {std::string(), std::string(201, 'x'), std::string(64 << 10, 'x'),
                     std::string(201, '\0')}) {
      auto told = what_throws([&] { w.engine().start(Nth, id, 1); });
      CHECK(told.code == errc::usage);
      CHECK(told.text.size() < 400);
      CHECK(!w.engine().find(Nth, id));
      CHECK(!w.engine().admin().describe(id));
      CHECK(what_throws([&] { w.engine().cancel(id); }).code == errc::not_found);
      CHECK(what_throws([&] {
              w.engine().start_all(Nth, std::vector{std::pair(std::string("fine"), std::tuple(1)),
                                                    std::pair(id, std::tuple(1))});
            }).code == errc::usage);
    }
    CHECK(!w.engine().find(Nth, "fine"));
    CHECK(w.engine().admin().open_runs().empty());
    CHECK(w.run(Nth, "fine", 1) == 1);
  });
}

TEST_CASE("open runs are listed in pages, those in memory and those that aren't") {
  everywhere([](world& w) {
    w.open(define);
    for (int i = 10; i < 40; ++i) w.engine().start(Nth, std::to_string(i), i);
    w.settle();
    w.close();
    w.reopen();
    for (int i = 40; i < 60; ++i) w.engine().start(Nth, std::to_string(i), i);
    w.engine().terminate("11");
    w.engine().terminate("50");
    std::vector<std::string> all;
    for (std::string after;;) {
      auto page = w.engine().admin().open_runs(after, 7);
      CHECK(page.size() <= 7);
      if (page.empty()) break;
      all.insert(all.end(), page.begin(), page.end());
      after = page.back();
    }
    CHECK(all.size() == 48);
    CHECK(std::is_sorted(all.begin(), all.end()));
    CHECK(std::set(all.begin(), all.end()).size() == 48);
  });
}

TEST_CASE("what has ended leaves no thread and no file open behind [S203]") {
  world w({.lmdb = true, .threads = 4});
  auto threads = entries("/proc/self/task"), files = entries("/proc/self/fd");
  for (int round = 0; round < 3; ++round) {
    w.open(define);
    for (int i = 0; i < 50; ++i) w.engine().start(Nth, std::to_string(100 * round + i), i);
    w.finish();
    CHECK(w.engine().admin().open_runs().empty());
    w.close();
    CHECK(entries("/proc/self/fd") == files);
  }
  for (int i = 0; i < 1000 && entries("/proc/self/task") != threads; ++i)
    std::this_thread::sleep_for(1ms);
  CHECK(entries("/proc/self/task") == threads);
}

TEST_CASE("many threads may call an engine at once, and each gets its own answer [S205, S208]") {
  for (cell c :
       {cell{.threads = 4}, cell{.resident = 0, .threads = 4}, cell{.lmdb = true, .threads = 2}}) {
    CAPTURE(c.name());
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Nth, [&w](stet::context& ctx, int n) -> stet::task<int> {
        int sum = 0;
        for (int i = 0; i < 3; ++i)
          sum += co_await ctx.step("x", [&w, n] { return w.done.hit("x"), n; });
        co_return sum;
      });
    });
    std::atomic<int> right{0}, cancelled{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 40; ++i) {
          auto id = std::to_string(i * (1 + t % 2));  // some are shared
          auto run = w.engine().start(Nth, id, i * (1 + t % 2));
          if (i % 10 == 9) run.cancel("maybe");
          try {
            right += run.result() == 3 * i * (1 + t % 2);
          } catch (const stet::run_cancelled&) { ++cancelled; }
          auto info = w.engine().admin().describe(id);
          if (!info || info->status == stet::status::running || !info->waits_for.empty())
            right -= 1000;
          (void)w.engine().admin().open_runs({}, 5);
        }
      });
    }
    for (auto& t : threads) t.join();
    CHECK(right + cancelled == 240);
    CHECK(w.engine().admin().open_runs().empty());
  }
}

TEST_CASE(
    "waiting for a while ends, again and again, and the result comes after a restart too [S205]") {
  world w({.threads = 2});
  w.open(define);
  auto run = w.engine().start(Nth, "1", 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) CHECK(!run.wait_for(1ms));
    });
  for (auto& t : threads) t.join();
  w.restart();
  CHECK(w.run(Nth, "1", 1) == 1);
  auto same = *w.engine().find(Nth, "1");
  CHECK(same.wait_for(0ms));
  CHECK(same.result() == 1);
}

TEST_CASE("a forked child has no engine, and its parent's goes on [S170]") {
  for (cell c : {cell{}, cell{.lmdb = true, .threads = 2}}) {
    world w(c);
    w.open(define);
    auto run = w.engine().start(Nth, "1", 1);
    child_process child([&](int pipe) {
      auto codes = all_calls(w.engine(), run);
      auto closing = what_throws([&] { w.engine().close(); });
      child_process::tell(pipe,
                          codes == std::set{errc::closed} && !closing.thrown ? "closed" : "wrong");
    });
    CHECK(child.hear_all() == "closed");
    CHECK(child.wait() == 0);
    CHECK(w.result(run) == 1);
  }
}

TEST_CASE("chance is the run's own: the same on a replay, different for every run") {
  constexpr stet::workflow<std::string()> Chance{"chance"};
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Chance, [&](stet::context& ctx) -> stet::task<std::string> {
        auto all = std::to_string(ctx.random()) + " " + ctx.uuid();
        co_await ctx.sleep(1h);
        all += " " + ctx.uuid() + " " +
               co_await ctx.step("key", [](stet::step_context& s) { return s.idempotency_key(); });
        co_await ctx.sleep(1h);
        co_return all;
      });
    });
    for (auto id : {"a", "b"}) w.engine().start(Chance, id);
    w.settle();
    w.pass(1h);
    auto replayed = [&] {
      w.restart();
      w.settle();
    };
    replayed();
    auto a = w.run(Chance, "a"), b = w.run(Chance, "b");
    CHECK(a != b);
    std::set<std::string> words;
    for (auto& text : {a, b})
      for (std::size_t from = 0; from < text.size();) {
        auto to = std::min(text.find(' ', from), text.size());
        words.insert(text.substr(from, to - from));
        from = to + 1;
      }
    CHECK(words.size() == 8);
    CHECK(w.heard.problems().size() <= 1);
  });
}

TEST_CASE(
    "a start that was acknowledged is there, and one that wasn't is whole or not at all [S112]") {
  static constexpr stet::workflow<std::string(std::string)> Echo{"echo"};
  const std::string words(10'000, 'w');
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    bool acknowledged = false;
    at_every_commit(
        c,
        [&](world&, stet::engine& e) {
          e.define(Echo, [](stet::context& ctx, std::string text) -> stet::task<std::string> {
            co_await ctx.sleep(1h);
            co_return text;
          });
        },
        [&](world& w) {
          auto there = w.engine().find(Echo, "e");
          if (acknowledged) CHECK(there.has_value());
          auto run = there ? *there : w.engine().start(Echo, "e", words);
          acknowledged = true;
          bool same = w.result(run) == words;
          CHECK(same);
        },
        [&](world& w, death) {
          CHECK(w.engine().admin().open_runs().empty());
          acknowledged = false;
        });
  }
}

TEST_CASE("payloads of any size come back bit for bit [S122]") {
  static constexpr stet::workflow<std::string(std::string)> Echo{"echo"};
  auto text_of = [](std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 >> 3);
    return text;
  };
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    world w(c);
    w.options.payload_bytes_max = 32u << 20;
    w.open([](stet::engine& e) {
      e.define(Echo, [](stet::context& ctx, std::string text) -> stet::task<std::string> {
        auto again = co_await ctx.step("echo", [](std::string t) { return t; }, text);
        co_await ctx.sleep(1h);
        co_return again;
      });
    });
    for (std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 65'535u, 65'536u, 65'537u, 16u << 20}) {
      auto text = text_of(size);
      auto id = std::to_string(size);
      (void)w.engine().start(Echo, id, text);
      w.settle();
      w.restart();
      INFO("size ", size);
      bool same = w.result(*w.engine().find(Echo, id)) == text;
      CHECK(same);
    }
  }
}

TEST_CASE("bodies that wait for the engine don't hold up its close") {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> inside = 0;
    std::atomic<int> told = 0;
    world w(cell{.threads = 4});
    auto body = [&](int n) {
      ++inside;
      try {
        if (n == 0) w.engine().find(Nth, "1")->result();
        for (;;) w.engine().transact([](stet::transaction&) {});
      } catch (const stet::error& e) {
        told += e.code() == stet::errc::closed;
        throw;
      }
      return n;
    };
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<int> {
        co_return co_await ctx.step("calls", {.retry = {.max_attempts = 1}},
                                    [&] { return body(n); });
      });
    });
    for (int n = 3; n >= 0; --n) w.engine().start(Nth, std::to_string(n), n);
    w.until([&] { return inside == 4; });
    w.engine().close();
    CHECK(told == 4);
  }
}

TEST_CASE("a second close waits until the first has ended, or until its limit") {
  for (bool destroys : {false, true}) {
    std::atomic<bool> runs = false, second = false, has_returned = false;
    world w(cell{.lmdb = true, .threads = 2});
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<int> {
        co_return co_await ctx.step("slow", [&] {
          runs = true;
          while (!second) std::this_thread::sleep_for(1ms);
          std::this_thread::sleep_for(200ms);  // a close that doesn't wait would return meanwhile
          has_returned = true;
          return n;
        });
      });
    });
    w.close();
    auto e = w.make();
    e->start();
    auto run = e->start(Nth, "r", 5);
    while (!runs) std::this_thread::yield();
    std::thread first([&] { e->close(); });
    while (what_throws([&] { run.status(); }).code != errc::closed) std::this_thread::yield();
    CHECK(!e->close(0ms));
    second = true;
    if (destroys) e.reset();
    else CHECK(e->close(1min));
    CHECK(has_returned);
    w.reopen();  // the store has been released
    CHECK(w.engine().find(Nth, "r")->result() == 5);
    first.join();
  }
}

TEST_CASE("a close with a limit leaves behind what doesn't return, as a crash would [S199]") {
  for (bool captures : {false, true}) {
    effects seen;
    static std::atomic<bool> release, released;
    release = released = false;
    world w(cell{.lmdb = true, .threads = 2});
    auto stubborn = [](stet::step_context& s) {
      if (s.attempt() > 1) return 10;
      while (!release) std::this_thread::sleep_for(1ms);
      released = true;
      return 1;
    };
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<int> {
        seen.hit("driven");
        int sum = n;
        if (captures)
          sum += co_await ctx.step("stubborn", [&](stet::step_context& s) { return stubborn(s); });
        else sum += co_await ctx.step("stubborn", stubborn);
        co_return sum;
      });
    });
    auto run = w.engine().start(Nth, "r", 5);
    w.until([&] { return w.engine().admin().describe("r").value().waits_for.size() == 1; });
    std::this_thread::sleep_for(5ms);
    CHECK(what_throws([&] { w.engine().close(-1ms); }).code == stet::errc::usage);
    CHECK(!w.engine().close(30ms));
    CHECK(!w.engine().close(30ms));
    CHECK(what_throws([&] { run.result(); }).code == stet::errc::closed);
    w.close();
    w.reopen();  // in the same process, while the old body still runs
    CHECK(w.engine().find(Nth, "r")->result() == 15);
    release = true;
    w.until([&] { return released.load(); });
    std::this_thread::sleep_for(5ms);  // it comes back to an engine that is closed
    CHECK(w.engine().start(Nth, "another", 1).result() == 2);
    CHECK(w.engine().close(10s));
    w.close();
    CHECK(stet::check(*w.store()).ok());
  }
}
