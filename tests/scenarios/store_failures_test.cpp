// Stores that fail, fill up, or hold bytes that no engine wrote.
#include <atomic>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Nth{"nth"};

/// Three steps with sleeps between them.
void define(world& w, stet::engine& e) {
  e.define(Nth, [&w](stet::context& ctx, int n) -> stet::task<int> {
    for (int i = 0; i < 3; ++i) {
      co_await ctx.step("x",
                        [&w, n, i] { w.done.hit(std::to_string(n) + "." + std::to_string(i)); });
      co_await ctx.sleep(1h);
    }
    co_return n;
  });
}
void open(world& w) {
  w.open([&w](stet::engine& e) { define(w, e); });
}

/// Changes the store while no engine is open.
void tamper(world& w, const std::function<void(stet::store&, stet::batch&)>& f) {
  auto s = w.store();
  stet::batch b;
  f(*s, b);
  s->commit(b, stet::durability::sync);
}
/// The n-th key of a space ('j', 'r', 'h', …), from 0, with its value.
std::pair<std::string, std::string> nth_of(stet::store& s, char space, int n = 0) {
  std::string from{'\0', space}, to{'\0', static_cast<char>(space + 1)};
  std::pair<std::string, std::string> found;
  stet::scan(s, {from, to}, [&](std::string_view k, std::string_view v) {
    found = {std::string(k), std::string(v)};
    return n-- > 0;
  });
  REQUIRE(!found.first.empty());
  return found;
}
void flip(std::string& bytes, std::size_t at) { bytes[at] = static_cast<char>(bytes[at] ^ 0x40); }

caught start(world& w) {
  return what_throws([&] { open(w); });
}

}  // namespace

TEST_CASE(
    "a store without room: calls are told, nothing is lost, and it goes on when there is room "
    "[S155]") {
  everywhere([](world& w) {
    open(w);
    auto first = w.engine().start(Nth, "1", 1);
    w.settle();
    w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
    auto told = what_throws([&] { w.engine().start(Nth, "2", 2); });
    CHECK(told.code == stet::errc::full);
    CHECK(what_throws([&] { w.engine().start(Nth, "3", 3); }).code == stet::errc::full);
    CHECK(what_throws([&] { first.cancel(); }).code == stet::errc::full);
    w.clock.advance(1h);
    std::this_thread::sleep_for(5ms);
    CHECK(w.done.of("1.1") == 0);  // no effect while nothing can be written
    CHECK(w.done.of("2.0") == 0);
    w.plan->heal();
    for (;;) {
      w.clock.advance(1s);
      if (!what_throws([&] { w.poke(); }).thrown) break;
      std::this_thread::sleep_for(1ms);
    }
    CHECK(w.run(Nth, "2", 2) == 2);
    CHECK(w.run(Nth, "3", 3) == 3);
    CHECK(w.result(first) == 1);
    CHECK(w.done.all() == 9);
  });
}

TEST_CASE("a commit that is refused, at any point, is done when there is room [S155]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    for (std::uint64_t n = 1;; ++n) {
      INFO("in the cell ", c.name(), ", commit ", n);
      world w(c);
      w.plan->fail(store_call::commit, n, fault::refused, 3);
      for (;;) {
        try {
          if (!w.is_open()) open(w);
          auto run = w.engine().start(Nth, "1", 1);
          w.finish();
          if (run.wait_for(0ms)) break;
        } catch (const stet::error& e) {
          REQUIRE(e.code() == stet::errc::full);
          if (n <= 2) w.crash();  // its start failed
        }
        w.clock.advance(1s);
      }
      CHECK(w.run(Nth, "1", 1) == 1);
      CHECK(w.done.all() == 3);
      if (w.plan->injected() == 0) break;
    }
  }
}

TEST_CASE("a manual engine says when it will try again to write") {
  world w;
  open(w);
  w.plan->fail_next(store_call::commit, fault::refused);
  CHECK(what_throws([&] { w.engine().start(Nth, "1", 1); }).code == stet::errc::full);
  w.engine().run_until_idle();
  auto next = w.engine().next_wakeup();
  REQUIRE(next);
  CHECK(*next <= w.clock.wall() + 1min);
}

TEST_CASE("waiting no longer than a while ends also when the store has no room") {
  for (cell c : {cell{}, cell{.resident = 0}}) {
    world w(c);
    open(w);
    auto run = w.engine().start(Nth, "1", 1);
    w.settle();
    w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
    w.clock.advance(1h);
    bool ended = true;
    auto told = what_throws([&] { ended = run.wait_for(0ms); });
    CHECK((told.code == stet::errc::full || !ended));
    w.plan->heal();
    w.clock.advance(1s);
    CHECK(w.result(run) == 1);
    CHECK(w.done.all() == 3);
  }
}

TEST_CASE(
    "a close without room loses nothing that was acknowledged; with room again it loses nothing at "
    "all") {
  for (cell c : {cell{}, cell{.threads = 4}, cell{.lmdb = true}}) {
    world w(c);
    open(w);
    w.engine().start(Nth, "1", 1);
    w.settle();
    w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
    CHECK(what_throws([&] { w.engine().start(Nth, "2", 2); }).code == stet::errc::full);
    CHECK(what_throws([&] { w.engine().close(); }).code == stet::errc::full);
    w.plan->heal();
    w.reopen();
    CHECK(w.run(Nth, "1", 1) == 1);
    w.plan->fail_next(store_call::commit, fault::refused);
    CHECK(what_throws([&] { w.engine().start(Nth, "3", 3); }).code == stet::errc::full);
    w.close();  // there is room now
    w.reopen();
    CHECK(w.engine().find(Nth, "3"));
    CHECK(w.run(Nth, "3", 3) == 3);
  }
}

TEST_CASE(
    "after a commit of unknown outcome every call throws, and a new engine finds what is there "
    "[S158]") {
  for (auto how : {fault::unknown_lost, fault::unknown_applied}) {
    everywhere([&](world& w) {
      open(w);
      w.engine().start(Nth, "1", 1);
      w.settle();
      w.plan->fail_next(store_call::commit, how);
      auto run = what_throws([&] { w.engine().start(Nth, "2", 2); });
      CHECK(run.code == stet::errc::store);
      for (int i = 0; i < 2; ++i) {
        CHECK(what_throws([&] { w.engine().start(Nth, "3", 3); }).code == stet::errc::store);
        CHECK(what_throws([&] { w.engine().find(Nth, "1"); }).code == stet::errc::store);
        CHECK(what_throws([&] { w.engine().cancel("1"); }).code == stet::errc::store);
        CHECK(what_throws([&] { w.engine().admin().describe("1"); }).code == stet::errc::store);
      }
      while (!w.heard.heard("the engine stopped")) std::this_thread::yield();
      CHECK(w.done.of("2.0") == 0);
      w.engine().close();
      CHECK(what_throws([&] { w.engine().find(Nth, "1"); }).code == stet::errc::closed);
      w.reopen();
      CHECK(w.engine().find(Nth, "2").has_value() == (how == fault::unknown_applied));
      CHECK(w.run(Nth, "1", 1) == 1);
      CHECK(w.run(Nth, "2", 2) == 2);
      CHECK(w.done.all() == 6);
    });
  }
}

TEST_CASE("everybody who waits is told when the store fails: nobody hangs [S157]") {
  for (auto what : {store_call::commit, store_call::scan}) {
    world w({.resident = 0, .threads = 2});
    open(w);
    for (int i = 0; i < 8; ++i) w.engine().start(Nth, std::to_string(i), i);
    w.settle();
    w.close();
    w.reopen();
    std::atomic<int> told{0}, asked{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        auto told_so = what_throws([&] {
          auto run = *w.engine().find(Nth, std::to_string(i));
          ++asked;
          for (;;) {
            run.wait_for(5min);
            (void)w.engine().admin().describe(std::to_string(i));
          }
        });
        told += told_so.thrown;
      });
    }
    while (asked < 8) std::this_thread::sleep_for(1ms);
    w.plan->fail_next(what, fault::unknown_lost, faults::for_ever);
    w.clock.advance(1h);
    (void)what_throws([&] { w.engine().start(Nth, "more", 1); });
    for (auto& t : threads) t.join();
    CHECK(told == 8);
    w.crash();
    w.reopen();
    for (int i = 0; i < 8; ++i) CHECK(w.run(Nth, std::to_string(i), i) == i);
  }
}

TEST_CASE("who stops waiting in the turn in which the store fails is told") {
  // The clock jumps at its n-th reading, so a run may become due in any turn, the one that takes
  // the call back included.
  struct jumping : stet::clock {
    std::int64_t ms = 1'700'000'000'000;
    int looks = -1;
    std::int64_t look() {
      --looks;
      if (looks == 0) ms += 3'600'000;
      return ms;
    }
    stet::time_point wall() noexcept override { return stet::time_point(stet::duration(look())); }
    stet::duration steady() noexcept override { return stet::duration(look()); }
  };
  int failed = 0, looks_max = 40;
  for (int n = 1; n <= looks_max; ++n) {
    INFO("look ", n);
    jumping clock;
    world w;
    w.options.clock = &clock;
    open(w);
    auto run = w.engine().start(Nth, "1", 1);
    w.engine().run_until_idle();  // it sleeps
    w.plan->fail_next(store_call::commit, fault::unknown_lost);
    clock.looks = n;
    failed += what_throws([&] { (void)run.wait_for(0ms); }).thrown;
    w.crash();
    w.reopen();
    CHECK(w.engine().admin().describe("1").value().status == stet::status::running);
  }
  CHECK(failed > 0);
  CHECK(failed < looks_max);
}

TEST_CASE(
    "a store that can't be read for a moment, at any read: an error, and no wrong result [S157]") {
  for (cell c : {cell{.resident = 0}, cell{.lmdb = true, .resident = 0}}) {
    for (auto what : {store_call::get, store_call::scan}) {
      for (std::uint64_t n = 1;; ++n) {
        INFO("in the cell ", c.name(), ", read ", n);
        world w(c);
        w.plan->fail(what, n, fault::refused);
        for (bool restarted = false;;) {
          try {
            open(w);
            w.engine().start(Nth, "1", 1);
            w.pass(1h);
            if (!std::exchange(restarted, true)) w.close(), open(w);
            bool created = w.engine().start(Nth, "1", 1).created();
            CHECK(!created);
            int result = w.run(Nth, "1", 1);
            CHECK(result == 1);
            break;
          } catch (const stet::error& e) {
            CHECK(e.code() == stet::errc::store);
            w.crash();
          }
        }
        CHECK(w.done.all() <= 4);
        if (w.plan->injected() == 0) break;
      }
    }
  }
}

TEST_CASE("a damaged block refuses the store, is named, and nothing is executed [S166]") {
  for (bool lmdb : {false, true}) {
    for (std::size_t part = 0; part < 12; ++part) {
      world w({.lmdb = lmdb});
      open(w);
      w.engine().start(Nth, "1", 1);
      w.settle();
      w.pass(1h);
      w.crash();
      auto done = w.done.all();
      std::string was;
      tamper(w, [&](stet::store& s, stet::batch& b) {
        auto [key, block] = nth_of(s, 'j', 1);
        was = block;
        flip(block, part < 10 ? part * 4 : (part - 9) * (block.size() - 1) / 2);
        b.put(key, block);
      });
      auto told = start(w);
      CHECK(told.code == stet::errc::corrupt);
      CHECK_MESSAGE(told.says("block 2 is damaged"), told.text);
      CHECK(w.done.all() == done);
      w.crash();
      tamper(w, [&](stet::store& s, stet::batch& b) { b.put(nth_of(s, 'j', 1).first, was); });
      open(w);
      CHECK(w.run(Nth, "1", 1) == 1);
      CHECK(w.done.all() == 3);
    }
  }
}

TEST_CASE("a block that is missing, cut short or added refuses the store") {
  using change = void (*)(stet::batch&, const std::pair<std::string, std::string>&);
  constexpr change changes[] = {
      [](stet::batch& b, auto& block) { b.erase(block.first); },
      [](stet::batch& b, auto& block) {
        b.put(block.first, block.second.substr(0, block.second.size() - 1));
      },
      [](stet::batch& b, auto& block) { b.put(block.first, block.second + '\0'); },
      [](stet::batch& b, auto& block) { b.put(block.first, ""); },
      [](stet::batch& b, auto& block) { b.put(block.first + 'x', block.second); },
      [](stet::batch& b, auto& block) { b.put(block.first.substr(0, 9), block.second); },
      [](stet::batch& b, auto& block) { b.put(block.first.substr(0, 2), block.second); },
  };
  for (auto& change : changes) {
    world w;
    open(w);
    w.engine().start(Nth, "1", 1);
    w.settle();
    w.pass(1h);
    w.crash();
    tamper(w, [&](stet::store& s, stet::batch& b) { change(b, nth_of(s, 'j', 1)); });
    auto told = start(w);
    CHECK_MESSAGE(told.code == stet::errc::corrupt, told.text);
    CHECK(w.done.all() == 2);
  }
}

TEST_CASE("a store of a newer format, or of something else, is refused with the reason") {
  world w;
  open(w);
  w.close();
  tamper(w, [](stet::store&, stet::batch& b) { b.put("m format", "2"); });
  auto newer = start(w);
  CHECK(newer.code == stet::errc::store);
  CHECK(newer.says("format '2'"));
  w.crash();
  tamper(w, [](stet::store&, stet::batch& b) { b.erase("m format"); });
  CHECK(start(w).code == stet::errc::corrupt);
  w.crash();
  tamper(w, [](stet::store&, stet::batch& b) { b.put("m format", "1"); });
  open(w);
  CHECK(w.run(Nth, "1", 1) == 1);
}

TEST_CASE(
    "a store whose marks are gone or damaged is refused: old numbers must not be handed out "
    "again") {
  for (bool gone : {true, false}) {
    world w;
    open(w);
    CHECK(w.run(Nth, "1", 1) == 1);
    w.close();
    tamper(w, [&](stet::store& s, stet::batch& b) {
      auto [key, marks] = nth_of(s, 'o');
      if (gone) b.erase(key);
      else b.put(key, marks.substr(0, 3));
    });
    CHECK(start(w).code == stet::errc::corrupt);
  }
}

TEST_CASE("a damaged snapshot holds its run alone: the others go on [S157]") {
  for (bool lmdb : {false, true}) {
    for (std::size_t resident : {std::size_t{0}, std::size_t{10}}) {
      world w({.lmdb = lmdb, .resident = resident});
      open(w);
      for (int i = 1; i <= 3; ++i) w.engine().start(Nth, std::to_string(i), i);
      w.settle();
      w.close();
      std::string was;
      tamper(w, [&](stet::store& s, stet::batch& b) {
        auto [key, snapshot] = nth_of(s, 'r', 1);
        was = snapshot;
        flip(snapshot, snapshot.size() / 2);
        b.put(key, snapshot);
      });
      open(w);
      CHECK(w.run(Nth, "1", 1) == 1);
      CHECK(w.run(Nth, "3", 3) == 3);
      CHECK(w.done.of("2.1") == 0);
      CHECK(w.heard.heard("can't be read"));
      CHECK(what_throws([&] { w.engine().start(Nth, "2", 2); }).code == stet::errc::corrupt);
      w.crash();
      tamper(w, [&](stet::store& s, stet::batch& b) { b.put(nth_of(s, 'r', 1).first, was); });
      open(w);
      CHECK(w.run(Nth, "2", 2) == 2);
      CHECK(w.done.all() == 9);
    }
  }
}

TEST_CASE(
    "a damaged or missing chunk of history stalls its run alone, until it is restored [S157]") {
  for (bool missing : {false, true}) {
    for (bool lmdb : {false, true}) {
      world w({.lmdb = lmdb});
      open(w);
      for (int i = 1; i <= 3; ++i) w.engine().start(Nth, std::to_string(i), i);
      w.settle();
      w.close();
      std::pair<std::string, std::string> was;
      tamper(w, [&](stet::store& s, stet::batch& b) {
        was = nth_of(s, 'h', 1);
        auto chunk = was.second;
        flip(chunk, chunk.size() / 2);
        if (missing) b.erase(was.first);
        else b.put(was.first, chunk);
      });
      open(w);
      CHECK(w.run(Nth, "1", 1) == 1);
      CHECK(w.run(Nth, "3", 3) == 3);
      auto info = w.engine().admin().describe("2");
      CHECK(info->status == stet::status::stalled);
      CHECK(info->reason.find("history") != std::string::npos);
      CHECK(w.done.of("2.1") == 0);
      w.crash();
      tamper(w, [&](stet::store&, stet::batch& b) { b.put(was.first, was.second); });
      open(w);
      CHECK(w.run(Nth, "2", 2) == 2);
      CHECK(w.done.all() == 9);
    }
  }
}

TEST_CASE("a second engine on the same store is refused, and the first one goes on [S169]") {
  everywhere([](world& w) {
    open(w);
    auto run = w.engine().start(Nth, "1", 1);
    auto told = what_throws([&] { w.make(); });
    CHECK(told.code == stet::errc::conflict);
    CHECK(w.result(run) == 1);
    w.close();
    w.reopen();
    CHECK(w.run(Nth, "1", 1) == 1);
  });
}

namespace {

/// A store that another object owns, opened by two engines at once, like a shared store without a
/// lock.
class borrowed_store final : public stet::store {
 public:
  explicit borrowed_store(stet::store& s) : store_(s) {}
  std::optional<std::string> get(std::string_view key) override { return store_.get(key); }
  void scan(const stet::scan_range& range, stet::visitor& v) override { store_.scan(range, v); }
  void commit(const stet::batch& b, stet::durability d) override { store_.commit(b, d); }
  void close() override {}
  stet::store_info info() const override { return store_.info(); }

 private:
  stet::store& store_;
};

}  // namespace

TEST_CASE(
    "an engine whose store another has taken over stops at its next commit, and acknowledges "
    "nothing [S181]") {
  world w;
  auto shared = stet::memory::open();
  stet::engine first(std::make_unique<borrowed_store>(*shared), w.options);
  define(w, first);
  first.start();
  first.start(Nth, "1", 1);
  stet::engine second(std::make_unique<borrowed_store>(*shared), w.options);
  define(w, second);
  second.start();
  auto told = what_throws([&] { first.start(Nth, "2", 2); });
  CHECK(told.code == stet::errc::conflict);
  CHECK(what_throws([&] { first.find(Nth, "1"); }).thrown);
  second.run_until_idle();
  CHECK(second.find(Nth, "1"));
  CHECK(!second.find(Nth, "2"));
  CHECK(w.done.of("1.0") <= 2);  // each engine may have begun it
  CHECK(w.done.of("2.0") == 0);
  first.close();
  second.start(Nth, "3", 3);
  second.close();
}
