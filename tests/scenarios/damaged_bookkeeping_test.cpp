// A bit is flipped in the store's bookkeeping: marks, counters, indexes, timers, the age of a
// snapshot. It harms its own run at most, the error names it, and nothing acknowledged is lost.
#include <algorithm>
#include <set>

#include <stet/check.hpp>
#include <stet/copy.hpp>

#include "journal/journal.hpp"
#include "keys/keys.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;
using stet::detail::run_number;
namespace keys = stet::detail::keys;

namespace {

inline constexpr stet::workflow<int(int)> Quick{"quick"};
inline constexpr stet::workflow<int(int)> Waits{"waits"};
inline constexpr stet::workflow<int(int)> Loops{"loops"};
inline constexpr stet::workflow<int(int)> Naps{"naps"};
inline constexpr stet::signal<int> Add{"add"};
inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::table<int, int> Books{"books"};

void define(stet::engine& e) {
  e.define(Quick, [](stet::context& ctx, int n) -> stet::task<int> {
    co_return co_await ctx.step("one", [n] { return n; });
  });
  e.define(Waits, [](stet::context& ctx, int n) -> stet::task<int> {
    ctx.set_attributes({Customer("ann")});
    for (int i = 0; i < 3; ++i) n += co_await ctx.receive(Add);
    co_return n;
  });
  e.define(Loops, [](stet::context& ctx, int n) -> stet::task<int> {
    auto v = co_await ctx.receive(Add);
    if (n < 3) co_return co_await ctx.continue_as_new(Loops, n + v);
    co_return n;
  });
  e.define(Naps, [](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.sleep(1h);
    co_return n;
  });
}
/// Another build of Waits, which doesn't fit.
void define_otherwise(stet::engine& e) {
  e.define(Waits, [](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.receive(Add);
    co_return co_await ctx.step("another", [n] { return n; });
  });
}

void put(stet::store& s, const std::string& key, const std::string& value) {
  stet::batch b;
  b.put(key, value);
  s.commit(b, stet::durability::sync);
}
std::string get(world& w, const std::string& key) { return w.store()->get(key).value(); }
void flip(world& w, const std::string& key) {
  auto value = get(w, key);
  value[value.size() / 2] ^= 4;
  put(*w.store(), key, value);
}
std::string problems_of(world& w) {
  std::string text;
  for (auto& p : stet::check(*w.store()).problems) text += p + "\n";
  return text;
}
/// The marks as a build without checksums wrote them.
std::string without_sum(stet::detail::marks m) {
  m.has_sum = false;
  return encode(m);
}
/// Runs that wait, and one that has ended. The engine is closed.
void fill(world& w) {
  w.open(define);
  for (int i = 0; i < 40; ++i) (void)w.engine().start(Waits, "r" + std::to_string(i), i);
  CHECK(w.run(Quick, "quick", 7) == 7);
  w.settle();
  w.close();
}
void check_goes_on(world& w) {
  w.reopen();
  CHECK(w.run(Quick, "new", 1) == 1);
  for (auto id : {"r0", "r39"}) {
    for (int i = 0; i < 3; ++i) w.engine().signal(id, Add, 1);
    CHECK(w.result(*w.engine().find(Waits, id)) == 3 + std::stoi(id + 1));
  }
  CHECK(w.engine().admin().count() == 42);
  w.close();
  CHECK(problems_of(w) == "");
}

}  // namespace

TEST_CASE("a flipped bit in the marks is refused by name, and put right the store goes on") {
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    world w(c);
    fill(w);
    auto good = get(w, keys::owner());
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      auto bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
      put(*w.store(), keys::owner(), bad);
      auto told = what_throws([&] { w.reopen(); });
      CHECK_MESSAGE((told.code == stet::errc::corrupt && told.says("key o")), told.text);
      w.crash();
      CHECK(get(w, keys::owner()) == bad);
    }
    put(*w.store(), keys::owner(), good);
    check_goes_on(w);
  }
}

TEST_CASE("marks without a checksum are read, and written anew with one") {
  world w;
  fill(w);
  auto m = stet::detail::decode_marks(get(w, keys::owner()));
  put(*w.store(), keys::owner(), without_sum(m));
  CHECK(problems_of(w) == "");
  w.reopen();
  w.crash();
  CHECK(stet::detail::decode_marks(get(w, keys::owner())).has_sum);
  check_goes_on(w);
}

TEST_CASE("marks that would hand out a run or a record again are refused by name") {
  for (bool has_sum : {false, true})
    for (bool lsn : {false, true}) {
      world w;
      fill(w);
      auto good = get(w, keys::owner());
      auto m = stet::detail::decode_marks(good);
      if (lsn) m.next_lsn = m.next_lsn - 9;
      else m.next_run = m.next_run - 9;
      put(*w.store(), keys::owner(), has_sum ? encode(m) : without_sum(m));
      CHECK(problems_of(w) != "");
      for (int i = 0; i < 2; ++i) {
        auto told = what_throws([&] { w.reopen(); });
        CHECK_MESSAGE((told.code == stet::errc::corrupt && told.says("key o")), told.text);
        w.crash();
      }
      put(*w.store(), keys::owner(), good);
      check_goes_on(w);
    }
}

TEST_CASE("a snapshot whose key has a flipped bit says nothing of the marks") {
  world w;
  fill(w);
  auto value = get(w, keys::snapshot(run_number(5)));
  stet::batch b;
  b.erase(keys::snapshot(run_number(5)));
  b.put(keys::snapshot(run_number(5 | 1ull << 40)), value);
  w.store()->commit(b, stet::durability::sync);
  w.reopen();
  CHECK(w.run(Quick, "new", 1) == 1);
}

TEST_CASE("counters with a flipped bit are counted anew, and the listener hears of it") {
  world w;
  fill(w);
  std::vector<std::pair<std::string, std::string>> all;
  auto from = keys::all(keys::space::counts);
  auto store = w.store();
  stet::scan(*store, {from, keys::end_of(from)}, [&](std::string_view k, std::string_view v) {
    all.emplace_back(k, v);
    return true;
  });
  store.reset();
  CHECK(all.size() == 2);
  for (auto& [key, value] : all)
    for (std::size_t bit = 8; bit < 8 * (key.size() + value.size()); ++bit) {
      INFO("bit ", bit, " of ", key);
      auto bad_key = key, bad_value = value;
      auto at = bit / 8;
      auto& byte = at < key.size() ? bad_key[at] : bad_value[at - key.size()];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      stet::batch b;
      b.erase(key);
      b.put(bad_key, bad_value);
      w.store()->commit(b, stet::durability::sync);
      CHECK(problems_of(w) != "");
      if (bit % 5 == 0) {
        auto e = w.make();
        CHECK(e->preview().open_runs == 40);
      }
      w.reopen();
      CHECK(w.heard.heard(at < 2 ? "none of Stet's" : "counted anew"));
      CHECK(w.engine().admin().count() == 41);
      CHECK(w.engine().admin().count("WorkflowType = 'quick'") == 1);
      CHECK(w.engine().admin().list().runs.size() == 41);
      w.close();
      if (at < 2) {  // it is no key of Stet's, and stays as it is
        stet::batch away;
        away.erase(bad_key);
        w.store()->commit(away, stet::durability::sync);
      }
      CHECK(problems_of(w) == "");
    }
}

TEST_CASE("counters without a checksum are read, and what is wrong with them mended") {
  world w;
  fill(w);
  auto key = keys::count("default", "waits", 0);
  for (auto number : {"\x28", "\x29"}) {  // 40, and one more
    put(*w.store(), key, number);
    CHECK((problems_of(w) == "") == (number[0] == 40));
    w.reopen();
    CHECK(w.engine().admin().count() == 41);
    CHECK(w.heard.heard("counted anew") == (number[0] == 41));
    w.close();
    CHECK(get(w, key).size() == 6);
    CHECK(problems_of(w) == "");
  }
}

TEST_CASE("a damaged snapshot of a run that the journal has whole is written afresh, once") {
  for (cell c : {cell{}, cell{.lmdb = true}, cell{.resident = 0}})
    for (bool is_gone : {false, true})
      for (bool closes : {false, true}) {
        world w(c);
        w.open(define);
        CHECK(w.run(Quick, "quick", 7) == 7);
        auto run = w.engine().admin().describe("quick").value().run;
        CHECK(w.run(Quick, "other", 7) == 7);  // its commit makes the first one's snapshot durable
        w.crash();
        auto key = keys::snapshot(run_number(run));
        if (is_gone) {
          stet::batch b;
          b.erase(key);
          w.store()->commit(b, stet::durability::sync);
        } else {
          flip(w, key);
        }
        CHECK(w.make()->preview().open_runs == 0);
        w.reopen();
        CHECK(w.heard.heard("written afresh"));
        CHECK(w.engine().admin().count() == 2);
        CHECK(w.engine().admin().list().runs.size() == 2);
        CHECK(w.engine().find(Quick, "quick")->result() == 7);
        if (closes) w.close();
        else w.crash();
        if (closes) CHECK(problems_of(w) == "");
        w.reopen();
        CHECK(w.engine().admin().count() == 2);
        CHECK(w.engine().admin().history("quick").size() == 4);
        w.close();
        CHECK(problems_of(w) == "");
      }
}

TEST_CASE("an older snapshot that is put back is refused, and the latest one goes on") {
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    world w(c);
    w.open(define);
    (void)w.engine().start(Waits, "hurt", 0);
    w.settle();
    auto key = keys::snapshot(run_number(w.engine().admin().describe("hurt").value().run));
    w.close();
    auto old = get(w, key);
    w.reopen();
    w.engine().signal("hurt", Add, 1);
    w.settle();
    w.close();
    auto latest = get(w, key);
    put(*w.store(), key, old);
    CHECK(problems_of(w) != "");
    w.reopen();
    auto told = what_throws([&] { w.engine().signal("hurt", Add, 100); });
    CHECK(told.code == stet::errc::corrupt);
    CHECK(w.heard.heard("older than its history"));
    w.close();
    CHECK(problems_of(w) != "");
    put(*w.store(), key, latest);
    w.reopen();
    for (int i = 0; i < 2; ++i) w.engine().signal("hurt", Add, 1);
    CHECK(w.result(*w.engine().find(Waits, "hurt")) == 3);
    w.close();
    CHECK(problems_of(w) == "");
  }
}

TEST_CASE("a preview counts what was put aside of a run") {
  world w;
  w.open(define);
  (void)w.engine().start(Waits, "hurt", 0);
  w.settle();
  auto key = keys::snapshot(run_number(w.engine().admin().describe("hurt").value().run));
  w.close();
  w.reopen();
  w.engine().signal("hurt", Add, 1);
  w.settle();
  w.crash();
  auto good = get(w, key);
  flip(w, key);
  w.reopen();
  w.close();  // the signal is put aside
  put(*w.store(), key, good);
  stet::engine_options o = w.options;
  o.threads = 0;
  stet::engine e(w.store(), o);
  define_otherwise(e);
  CHECK(e.preview().stalled_runs == 1);
}

TEST_CASE("the last block is found wherever its damaged key stands") {
  world w;
  w.open(define);
  (void)w.engine().start(Waits, "waits", 1);
  w.settle();
  w.crash();
  std::string last, value;
  auto from = keys::all(keys::space::journal);
  auto store = w.store();
  stet::scan(*store, {from, keys::end_of(from)}, [&](std::string_view k, std::string_view v) {
    last = k;
    value = v;
    return true;
  });
  store.reset();
  REQUIRE(!last.empty());
  for (std::size_t bit = 0; bit < 8 * last.size(); ++bit) {
    INFO("bit ", bit);
    auto bad = last;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    stet::batch b;
    b.erase(last);
    b.put(bad, value);
    w.store()->commit(b, stet::durability::sync);
    auto told = what_throws([&] { w.reopen(); });
    CHECK_MESSAGE((told.code == stet::errc::corrupt && told.says("block")), told.text);
    w.crash();
    stet::batch back;
    back.erase(bad);
    back.put(last, value);
    w.store()->commit(back, stet::durability::sync);
  }
  w.reopen();
  CHECK(w.engine().admin().count() == 1);
}

TEST_CASE("whatever bit is flipped in what a start derives, it starts, and other runs go on") {
  auto contents = stet::memory::make_contents();
  fake_clock clock;
  recorder heard;
  stet::engine_options o{.threads = 0, .clock = &clock, .listener = &heard};
  auto open = [&](const std::shared_ptr<stet::memory::contents>& c) {
    auto e = std::make_unique<stet::engine>(stet::memory::open(c), o);
    define(*e);
    e->start();
    e->run_until_idle();
    return e;
  };
  {
    auto e = open(contents);
    (void)e->start(Quick, "quick", 7).result();
    (void)e->start(Waits, "waits", 1);
    (void)e->start(Loops, "loops", 1);
    (void)e->start(Naps, "naps", 1);
    (void)e->start(Quick, "other", 7).result();
    e->run_until_idle();
    e->signal("loops", Add, 1, {.idempotency_key = "k"});
    e->transact([](stet::transaction& tx) { tx.put(Books, 1, 2); });
    e->run_until_idle();
    e->close();
  }
  std::vector<std::pair<std::string, std::string>> all;
  {
    auto s = stet::memory::open(contents);
    stet::scan(*s, {}, [&](std::string_view k, std::string_view v) {
      all.emplace_back(k, v);
      return true;
    });
  }
  const std::set<char> authorities{'o', 'm'};  // without these a start would be a guess
  for (auto& [key, value] : all) {
    if (key[0] != 0 || authorities.contains(key[1])) continue;
    for (std::size_t bit = 8; bit < 8 * (key.size() + value.size()); bit += 3) {
      auto bad_key = key, bad_value = value;
      auto at = bit / 8;
      auto& byte = at < key.size() ? bad_key[at] : bad_value[at - key.size()];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      bool is_taken = std::any_of(all.begin(), all.end(),
                                  [&](auto& e) { return bad_key != key && e.first == bad_key; });
      if (is_taken) continue;  // that damages another run as well
      INFO("bit ", bit, " of ", key);
      auto hurt = stet::memory::make_contents();
      {
        auto s = stet::memory::open(hurt);
        stet::batch b;
        for (auto& [k, v] : all)
          if (k != key) b.put(k, v);
        b.put(bad_key, bad_value);
        s->commit(b, stet::durability::sync);
      }
      std::unique_ptr<stet::engine> e;
      auto told = what_throws([&] { e = open(hurt); });
      CHECK_MESSAGE(!told.thrown, told.text);
      if (!e) continue;
      CHECK(e->start(Quick, "new", 5).result() == 5);
      int right = 0;
      for (auto id : {"quick", "other"})
        right += !what_throws([&] {
                    if (e->find(Quick, id).value().result() != 7)
                      throw std::runtime_error("another");
                  }).thrown;
      CHECK(right >= 1);
      e->close();
    }
  }
}
