// A snapshot that can't be read harms its own run only: the journal keeps its bound, the records of
// that run in the journal are put aside, and the run can be erased.
#include <stet/check.hpp>
#include <stet/copy.hpp>

#include "keys/keys.hpp"
#include "run_state/run_state.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Waits{"waits"};
inline constexpr stet::workflow<int(int)> Works{"works"};
inline constexpr stet::signal<int> Add{"add"};
inline constexpr stet::attribute<std::string> Customer{"customer"};

stet::task<int> waits(stet::context& ctx, int n) {
  ctx.set_attributes({Customer("ann")});
  int sum = n;
  for (int i = 0; i < 3; ++i) sum += co_await ctx.receive(Add);
  co_return sum;
}
stet::task<int> works(stet::context& ctx, int n) {
  for (int i = 0; i < 20; ++i) co_await ctx.step("one", [] {});
  co_return n;
}
void define(stet::engine& e) {
  e.define(Waits, waits);
  e.define(Works, works);
}

constexpr std::size_t tail_max = 16 << 10;

std::string snapshot_key(std::uint64_t run) {
  return stet::detail::keys::snapshot(stet::detail::run_number(run));
}

/// Flips a bit of a value. Returns the old value.
std::string flip(world& w, const std::string& key) {
  auto s = w.store();
  auto was = *s->get(key);
  auto now = was;
  now[now.size() / 2] = static_cast<char>(now[now.size() / 2] ^ 4);
  stet::batch b;
  b.put(key, now);
  s->commit(b, stet::durability::sync);
  return was;
}
void put(world& w, const std::string& key, const std::string& value) {
  stet::batch b;
  b.put(key, value);
  w.store()->commit(b, stet::durability::sync);
}
std::size_t count_keys(stet::store& s, stet::detail::keys::space space) {
  std::size_t n = 0;
  auto from = stet::detail::keys::all(space);
  stet::scan(s, {from, stet::detail::keys::end_of(from)},
             [&](std::string_view, std::string_view) { return ++n > 0; });
  return n;
}

std::size_t bytes_in(stet::store& s, stet::detail::keys::space space) {
  std::size_t n = 0;
  auto from = stet::detail::keys::all(space);
  stet::scan(s, {from, stet::detail::keys::end_of(from)},
             [&](std::string_view, std::string_view value) {
               n += value.size();
               return true;
             });
  return n;
}

/// Makes a run with a snapshot and a later record in the journal, then damages the snapshot.
/// Returns the run's number.
std::uint64_t damaged(world& w, std::string* whole = nullptr) {
  w.options.tail_bytes_max = tail_max;
  w.open(define);
  (void)w.engine().start(Waits, "hurt", 1);
  w.settle();
  auto run = w.engine().admin().describe("hurt").value().run;
  w.close();  // now it has a snapshot
  w.reopen();
  w.engine().find(Waits, "hurt")->signal(Add, 10);
  w.settle();
  w.crash();
  auto was = flip(w, snapshot_key(run));
  if (whole) *whole = was;
  return run;
}

void work(world& w, int runs, const std::string& prefix) {
  for (int i = 0; i < runs; ++i) CHECK(w.run(Works, prefix + std::to_string(i), i) == i);
}

}  // namespace

TEST_CASE("a damaged snapshot doesn't hold up the journal") {
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    world w(c);
    damaged(w);
    for (int life = 0; life < 3; ++life) {
      CAPTURE(life);
      w.reopen();
      CHECK(w.heard.heard("can't be read"));
      work(w, 60, std::to_string(life) + "/");
      w.crash();
      CHECK(bytes_in(*w.store(), stet::detail::keys::space::journal) <= tail_max);
      w.reopen();
      w.close();
      CHECK(count_keys(*w.store(), stet::detail::keys::space::journal) == 0);
    }
  }
}

TEST_CASE("what was put aside counts again when the snapshot is back") {
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    for (int lives : {1, 3}) {
      world w(c);
      std::string whole;
      auto run = damaged(w, &whole);
      for (int life = 0; life < lives; ++life) {
        w.reopen();
        work(w, 5, std::to_string(life) + "/");
        CHECK(what_throws([&] { w.engine().find(Waits, "hurt")->signal(Add, 5); }).code ==
              stet::errc::corrupt);
        if (life % 2 == 0) w.close();
        else w.crash();
      }
      CHECK(count_keys(*w.store(), stet::detail::keys::space::aside) == 1);
      auto report = stet::check(*w.store());
      CHECK(!report.ok());  // and each problem is about that run
      for (auto& p : report.problems)
        CHECK_MESSAGE(p.find(std::to_string(run)) != std::string::npos, p);

      auto contents = stet::memory::make_contents();
      {
        auto from = w.store(), to = stet::memory::open(contents);
        stet::copy(*from, *to);
        CHECK(count_keys(*to, stet::detail::keys::space::aside) == 1);
      }
      put(w, snapshot_key(run), whole);
      report = stet::check(*w.store());  // before an engine has taken the records put aside
      CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
      w.reopen();
      w.engine().find(Waits, "hurt")->signal(Add, 20);
      w.settle();
      w.restart();
      w.engine().find(Waits, "hurt")->signal(Add, 30);
      CHECK(w.result(*w.engine().find(Waits, "hurt")) == 61);  // 10 was put aside
      w.close();
      CHECK(count_keys(*w.store(), stet::detail::keys::space::aside) == 0);
      report = stet::check(*w.store());
      CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
    }
  }
}

TEST_CASE("what is put aside and stands in the snapshot as well counts once") {
  int in_both = 0;  // trials in which the snapshot had all records put aside
  for (int between = 0; between < 4; ++between)
    for (int behind = 0; behind < 6; ++behind) {
      CAPTURE(between);
      CAPTURE(behind);
      world w;
      w.options.tail_bytes_max = tail_max;
      w.open(define);
      (void)w.engine().start(Waits, "hurt", 1);
      work(w, between, "between");
      w.engine().find(Waits, "hurt")->signal(Add, 10);
      work(w, behind, "behind");  // passes write snapshots, and keep the newer blocks
      auto run = w.engine().admin().describe("hurt").value().run;
      auto records = w.engine().admin().describe("hurt").value().records;
      w.crash();
      auto key = snapshot_key(run);
      if (!w.store()->get(key)) continue;
      bool has_all = stet::detail::decode_run_state(*w.store()->get(key)).records == records;
      auto was = flip(w, key);
      w.reopen();
      work(w, 1, "meanwhile");
      w.crash();
      in_both += has_all && count_keys(*w.store(), stet::detail::keys::space::aside) > 0;
      put(w, key, was);
      w.reopen();
      w.close();
      CHECK(count_keys(*w.store(), stet::detail::keys::space::aside) == 0);
      auto report = stet::check(*w.store());
      CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
      w.reopen();
      for (int n : {20, 30}) w.engine().find(Waits, "hurt")->signal(Add, n);
      CHECK(w.result(*w.engine().find(Waits, "hurt")) == 61);
    }
  CHECK(in_both > 0);
}

TEST_CASE("a run that can't be read can be erased, with all that is known of it") {
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    for (bool restarted : {false, true}) {
      world w(c);
      damaged(w);
      w.reopen();
      work(w, 3, "others");
      if (restarted) w.restart();
      auto refused = what_throws([&] { w.engine().admin().erase("hurt"); });
      CHECK(refused.code == stet::errc::conflict);  // it counts as open
      CHECK(w.engine().admin().erase("hurt", {.terminate = true}) == 1);
      CHECK(!w.engine().find(Waits, "hurt"));
      w.restart();
      CHECK(!w.engine().find(Waits, "hurt"));
      CHECK(w.engine().admin().count() == 3);
      w.close();
      auto report = stet::check(*w.store());
      CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
      w.reopen();
      (void)w.engine().start(Waits, "hurt", 2);  // the id is free
      CHECK(w.engine().admin().count() == 4);
    }
  }
}
