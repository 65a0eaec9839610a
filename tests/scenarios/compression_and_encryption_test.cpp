// Compression and encryption under everything else: replay, crashes, lists, copies; and an attacker
// who changes bytes of the store on purpose.
#include <zstd.h>

#include <set>

#include <stet/check.hpp>
#include <stet/copy.hpp>
#include <stet/encryption.hpp>
#include <stet/stet.hpp>
#include <stet/zstd.hpp>

#include "history/record.hpp"
#include "journal/checkpoint.hpp"
#include "keys/keys.hpp"
#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

const std::string secret = "attack at dawn";

inline constexpr stet::workflow<std::string(std::string, int)> Busy{"busy"};
inline constexpr stet::workflow<std::string(std::string)> Child{"child"};
inline constexpr stet::workflow<std::string(std::string)> Pair{"pair"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::update<std::string(std::string)> Say{"say"};
inline constexpr stet::query<std::string()> Heard{"heard"};
inline constexpr stet::promise<std::string> Later{"later"};
inline constexpr stet::table<int, std::string> Notes{"notes"};

std::string key(char c) { return std::string(stet::encryption::key_bytes, c); }
std::shared_ptr<stet::encryption> keys() {
  return std::make_shared<stet::encryption>("k1", key('a'));
}

stet::task<std::string> child(stet::context& ctx, std::string s) {
  co_await ctx.sleep(1min);
  if (s.ends_with("fail")) throw std::runtime_error("the child of " + s);
  co_return s + " (child)";
}

/// Puts the secret into everything that a workflow can write.
stet::task<std::string> busy(stet::context& ctx, std::string s, int generation) {
  std::string heard;
  auto say = ctx.on(Say, [&](stet::context& c, std::string said) -> stet::task<std::string> {
    if (said.empty()) throw std::runtime_error("refused: " + s);
    co_await c.sleep(1s);
    co_return heard += said;
  });
  auto asked = ctx.on(Heard, [&] { return heard; });
  ctx.set_memo(s);
  ctx.set_details("details: " + s);
  auto echo = co_await ctx.step("echo", [](const std::string& x) { return x + "!"; }, s);
  auto fails = co_await ctx.try_step(
      "fails", {.retry = {.max_attempts = 3, .initial_interval = 10min}},
      [](stet::step_context& c, const std::string& x) {
        if (c.attempt() > 1 && c.progress<std::string>() != x + " half")
          throw stet::permanent_error("lost");
        c.heartbeat(x + " half");
        throw std::runtime_error("it said: " + x);
      },
      s);
  auto left = co_await stet::all(
      ctx.child(Child, std::string(ctx.id()) + "/" + std::to_string(generation), s),
      stet::attempt(ctx.child(Child, std::string(ctx.id()) + "/f" + std::to_string(generation),
                              s + " fail")));
  co_await ctx.transact("note", [&](stet::transaction& tx) {
    tx.put(Notes, generation, tx.get(Notes, generation).value_or("") + s);
  });
  auto promised = ctx.promise(Later);
  co_await ctx.signal(ctx.id(), Word, "self: " + s);
  heard += *co_await ctx.receive(Word, 1h);
  heard += co_await ctx.receive(Word);
  auto kept = co_await promised.wait();
  if (generation == 0) co_return co_await ctx.continue_as_new(Busy, s, 1);
  co_return echo + "|" + fails.template failed_as<stet::step_failed>()->message() + "|" +
      std::get<0>(left) + "|" + std::to_string(std::get<1>(left).has_value()) + "|" + heard + "|" +
      kept;
}

stet::task<std::string> pair(stet::context& ctx, std::string s) {
  auto one = co_await ctx.step("one", [](const std::string& x) { return x + "1"; }, s);
  auto two = co_await ctx.step("two", [](const std::string& x) { return x + "2"; }, s);
  co_await ctx.sleep(1h);
  co_return one + two;
}

void define(stet::engine& e) {
  e.define(Busy, busy);
  e.define(Child, {.accident = stet::accident::fail}, child);
  e.define(Pair, pair);
}

/// Runs everything in a world, or goes on with it after a crash. Returns the result.
std::string live(world& w) {
  auto& e = w.engine();
  auto run = e.start(Busy, "busy", secret, 0);
  auto word = [&](const std::string& which) {
    auto now = *e.find(Busy, "busy");
    now.signal(Word, secret + which, {.idempotency_key = which});
  };
  auto promise = [&] {
    auto info = e.admin().describe("busy");
    for (auto& p : info->waits_for)
      if (p.kind == stet::wait_kind::promise) e.resolve(Later, p.detail, secret);
  };
  auto cancelled = e.start(Pair, "cancelled", secret);
  auto terminated = e.start(Pair, "terminated", secret);
  w.finish();
  for (int i = 0; i < 20 && e.admin().describe("busy").value().status == stet::status::running;
       ++i) {
    word(std::to_string(e.admin().describe("busy").value().run) + (i % 2 ? "b" : "a"));
    auto now = *e.find(Busy, "busy");
    auto nth = std::to_string(e.admin().describe("busy").value().run);
    auto said = now.start_update(Say, {.id = "u" + nth}, secret);
    auto refused = now.start_update(Say, {.id = "v" + nth}, "");
    w.finish();
    CHECK(said.result().ends_with(secret));
    CHECK(what_throws([&] { (void)refused.result(); }).says("refused: " + secret));
    promise();
    w.finish();
  }
  return run.result();
}

/// Every byte of the store, its keys and its values.
std::string all_of(stet::store& s) {
  std::string all;
  stet::scan(s, {}, [&](std::string_view k, std::string_view v) {
    all += k;
    all += v;
    return true;
  });
  return all;
}
bool shows(world& w) { return all_of(*w.store()).find("attack") != std::string::npos; }

/// Changes the records of a run's chunks by `f`, while no engine is open.
void rewrite(world& w, std::uint64_t number,
             const std::function<void(std::vector<stet::detail::record>&)>& f) {
  using namespace stet::detail;
  const run_number run(number);
  auto s = w.store();
  auto state = *read_snapshot(*s, run);
  auto history = read_history(*s, run, state.records);
  std::vector<record> all;
  for (source in(history); !in.done();) all.push_back(decode_record(in));
  f(all);
  std::string changed;
  for (auto& r : all) encode(changed, r);
  stet::batch b;
  b.erase_range(keys::history(run, 0), keys::end_of(keys::history(run, UINT64_MAX)));
  run_counters none;
  state.indexed_wake = run_state::no_wake;
  add_checkpoint(b, state, changed, 0, none);
  s->commit(b, stet::durability::sync);
}
stet::detail::record& find(std::vector<stet::detail::record>& all, stet::record_kind k,
                           std::uint32_t command) {
  for (auto& r : all)
    if (r.kind == k && r.command == stet::detail::command_number(command)) return r;
  FAIL("no such record");
  return all[0];
}

}  // namespace

TEST_CASE("everything works with compression and encryption, and comes to the same") {
  std::set<std::string> results;
  for (bool transformed : {false, true}) {
    everywhere_by_hand([&](world& w) {
      if (transformed) w.options.transforms = {stet::zstd({.bytes_min = 8}), keys()};
      w.open(define);
      auto said = live(w);
      CHECK(said.find(secret + "!|it said: " + secret) != std::string::npos);
      auto info = *w.engine().admin().describe("busy");
      CHECK(stet::decode<std::string>(info.memo) == secret);
      CHECK(info.details == "details: " + secret);
      w.restart();
      CHECK(w.engine().find(Busy, "busy")->result() == said);
      CHECK(w.engine().find(Busy, "busy")->query(Heard).find(secret) != std::string::npos);
      auto page = w.engine().admin().list("WorkflowType = 'busy'");
      REQUIRE(!page.runs.empty());
      CHECK(stet::decode<std::string>(page.runs[0].memo) == secret);
      bool seen = false;
      for (auto& h : w.engine().admin().history("busy"))
        seen |= h.kind == stet::record_kind::step_done &&
                h.detail.find(secret + "!") != std::string::npos;
      CHECK(seen);
      w.close();
      auto report = stet::check(*w.store());
      CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
    });
  }
}

TEST_CASE("with encryption no secret is in the store, at no moment; without, it is") {
  for (bool encrypted : {false, true}) {
    for (bool lmdb : {false, true}) {
      CAPTURE(encrypted);
      world w({.lmdb = lmdb});
      if (encrypted) w.options.transforms = {stet::zstd(), keys()};
      w.open(define);
      (void)live(w);
      w.engine().cancel("cancelled", "because of " + secret);
      w.engine().start(Pair, "open", {.memo = stet::memo(secret)}, secret);
      w.engine().start(Pair, "ended", secret);
      w.engine().terminate("ended", "because of " + secret);
      w.engine().transact([](stet::transaction& tx) { tx.put(Notes, 7, secret); });
      w.settle();
      w.crash();  // reads the journal
      CHECK(shows(w) == !encrypted);
      w.reopen();
      w.settle();
      w.close();  // reads snapshots and chunks
      CHECK(shows(w) == !encrypted);
    }
  }
}

TEST_CASE("why a run stalls is encrypted too: it may say what a payload says") {
  for (bool encrypted : {false, true}) {
    world w;
    if (encrypted) w.options.transforms = {keys()};
    w.open([](stet::engine& e) {
      e.define(Child, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
        co_await ctx.step("before", [] {});
        co_await ctx.sleep(1h);
        co_return s;
      });
    });
    w.engine().start(Child, "c", secret);
    w.settle();
    w.close();
    w.open([](stet::engine& e) {
      e.define(Child, [](stet::context&, std::string s) -> stet::task<std::string> {
        throw std::runtime_error("today: " + s);
        co_return s;
      });
    });
    w.pass(1h);
    CHECK(w.engine().admin().describe("c").value().reason.find("today: " + secret) !=
          std::string::npos);
    w.close();
    CHECK(shows(w) == !encrypted);
  }
}

TEST_CASE("a crash at any commit, with transforms, loses and repeats nothing") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true}}) {
    auto k = keys();
    auto crashes = at_every_commit(
        c, [](world&, stet::engine& e) { define(e); },
        [&](world& w) {
          w.options.transforms = {stet::zstd({.bytes_min = 8}), k};
          if (!w.engine().find(Pair, "p")) {  // the first engine of a world has no transforms yet
            w.close();
            w.reopen();
          }
          auto said = w.result(w.engine().start(Pair, "p", secret));
          CHECK(said == secret + "1" + secret + "2");
          w.engine().transact([](stet::transaction& tx) { tx.put(Notes, 1, secret); });
          w.close();
          w.reopen();
          CHECK(entries_of(w.engine(), Notes).at(1) == secret);
        },
        [](world& w, death) {
          w.plan->heal();
          w.close();
          CHECK(!shows(w));
          CHECK(stet::check(*w.store()).ok());
        });
    CHECK(crashes > 4);
  }
}

TEST_CASE("a store without transforms opens with them, and one with them is told what is missing") {
  everywhere([](world& w) {
    w.open(define);
    w.engine().start(Pair, "plain", secret);
    w.settle();
    w.options.transforms = {stet::zstd({.bytes_min = 8}), keys()};
    w.restart();
    w.engine().start(Pair, "sealed", secret);
    w.settle();
    w.options.transforms = {};
    w.restart();
    w.pass(1h);  // a run that sleeps is replayed when it wakes
    auto plain = *w.engine().admin().describe("plain"),
         sealed = *w.engine().admin().describe("sealed");
    CHECK(plain.status == stet::status::completed);
    CHECK(sealed.status == stet::status::stalled);
    CHECK(sealed.reason.find("'xchacha20'") != std::string::npos);
    CHECK(sealed.reason.find("'sealed'") != std::string::npos);
    CHECK(sealed.reason.find("attack") == std::string::npos);
    w.options.transforms = {keys(), stet::zstd()};  // the order counts for sealing only
    w.restart();
    CHECK(w.result(*w.engine().find(Pair, "sealed")) == secret + "1" + secret + "2");
    CHECK(w.result(*w.engine().find(Pair, "plain")) == secret + "1" + secret + "2");
  });
}

TEST_CASE("keys rotate under open runs; a missing one stalls the run until it is back") {
  everywhere([](world& w) {
    w.options.transforms = {keys()};
    w.open(define);
    w.engine().start(Pair, "old", secret);
    w.engine().transact([](stet::transaction& tx) { tx.put(Notes, 1, secret); });
    w.settle();
    auto both = std::make_shared<stet::encryption>("k2", key('b'));
    both->add_key("k1", key('a'));
    w.options.transforms = {both};
    w.restart();
    w.engine().start(Pair, "new", secret);
    w.settle();
    CHECK(w.engine().admin().describe("old").value().status == stet::status::running);

    auto fresh = std::make_shared<stet::encryption>("k2", key('b'));
    w.options.transforms = {fresh};
    w.restart();
    w.pass(1h);
    auto old = *w.engine().admin().describe("old");
    CHECK(old.status == stet::status::stalled);
    CHECK(old.reason.find("needs the key 'k1'") != std::string::npos);
    CHECK(w.engine().admin().describe("new").value().status == stet::status::completed);
    CHECK(what_throws([&] { (void)entries_of(w.engine(), Notes); }).says("'k1'"));
    CHECK(what_throws([&] { (void)w.engine().admin().history("old"); }).thrown == false);
    fresh->add_key("k1", key('a'));
    w.engine().admin().resume("old");
    CHECK(w.result(*w.engine().find(Pair, "old")) == secret + "1" + secret + "2");
    CHECK(w.result(*w.engine().find(Pair, "new")) == secret + "1" + secret + "2");
    CHECK(entries_of(w.engine(), Notes).at(1) == secret);

    // Without the key, the result of an ended run is an error for the caller, and nothing else
    // happens.
    w.options.transforms = {std::make_shared<stet::encryption>("k3", key('c'))};
    w.restart();
    auto e = what_throws([&] { (void)w.engine().find(Pair, "old")->result(); });
    CHECK(e.code == stet::errc::payload);
    CHECK(e.says("needs the key 'k2'"));
    CHECK(w.engine().admin().describe("old").value().status == stet::status::completed);
    w.options.transforms = {both};
    w.restart();
    CHECK(w.engine().find(Pair, "old")->result() == secret + "1" + secret + "2");
  });
}

TEST_CASE(
    "values that somebody swapped, changed or cut short are noticed, and nobody is harmed [S220]") {
  using stet::record_kind;
  using stet::detail::record;
  using records = std::vector<record>;
  std::string other;  // bytes of a result of another run
  struct attack {
    const char* what;
    std::function<void(records&)> change;
  };
  std::string kept;
  std::vector<attack> attacks{
      {"two results of a run swapped",
       [](records& all) {
         std::swap(find(all, record_kind::step_done, 1).payload,
                   find(all, record_kind::step_done, 2).payload);
       }},
      {"a result replaced by the arguments",
       [](records& all) {
         find(all, record_kind::step_done, 1).payload = find(all, record_kind::step, 1).payload;
       }},
      {"a result replaced by another run's",
       [&](records& all) { find(all, record_kind::step_done, 1).payload = other; }},
      {"a bit changed",
       [&](records& all) {
         auto& p = find(all, record_kind::step_done, 2).payload;
         kept = p;
         kept.back() = static_cast<char>(kept.back() ^ 1);
         p = kept;
       }},
      {"a result cut short",
       [](records& all) {
         auto& p = find(all, record_kind::step_done, 1).payload;
         p = p.substr(0, p.size() - 1);
       }},
      {"the arguments of the workflow replaced by a step's",
       [](records& all) { all[0].payload = find(all, record_kind::step, 1).payload; }}};
  for (auto& a : attacks) {
    for (bool lmdb : {false, true}) {
      CAPTURE(a.what);
      world w({.lmdb = lmdb});
      w.options.transforms = {keys()};
      w.open(define);
      w.engine().start(Pair, "one", secret);
      w.engine().start(Pair, "two", secret);
      w.settle();
      auto one = w.engine().admin().describe("one").value().run,
           two = w.engine().admin().describe("two").value().run;
      w.close();
      rewrite(w, two, [&](records& all) { other = find(all, record_kind::step_done, 1).payload; });
      rewrite(w, one, a.change);
      w.reopen();
      w.pass(1h);
      auto info = *w.engine().admin().describe("one");
      CHECK(info.status == stet::status::stalled);
      CHECK(info.reason.find("can't be opened") != std::string::npos);
      CHECK(info.reason.find("'one'") != std::string::npos);
      CHECK(info.reason.find("attack") == std::string::npos);
      CHECK(w.result(*w.engine().find(Pair, "two")) == secret + "1" + secret + "2");
    }
  }
}

TEST_CASE("a plain payload that somebody put in is refused where encryption is required") {
  for (bool required : {false, true}) {
    world w;
    w.options.transforms = {std::make_shared<stet::encryption>(
        "k1", key('a'), stet::encryption_options{.required = required})};
    w.open(define);
    w.engine().start(Pair, "one", secret);
    w.settle();
    auto one = w.engine().admin().describe("one").value().run;
    w.close();
    std::string forged;
    stet::encode(forged, std::string("retreat"));
    rewrite(w, one,
            [&](auto& all) { find(all, stet::record_kind::step_done, 1).payload = forged; });
    w.reopen();
    w.pass(1h);
    auto info = *w.engine().admin().describe("one");
    CHECK((info.status == stet::status::stalled) == required);
    if (required) CHECK(info.reason.find("requires") != std::string::npos);
    else CHECK(w.result(*w.engine().find(Pair, "one")) == "retreat" + secret + "2");
  }
}

TEST_CASE("a copy opens with the same keys, and its runs go on there") {
  world w;
  w.options.transforms = {stet::zstd({.bytes_min = 8}), keys()};
  w.open(define);
  w.engine().start(Pair, "p", secret);
  w.engine().transact([](stet::transaction& tx) { tx.put(Notes, 1, secret); });
  w.settle();
  w.crash();
  auto contents = stet::memory::make_contents();
  {
    auto from = w.store(), to = stet::memory::open(contents);
    stet::copy(*from, *to);
  }
  stet::engine e{stet::memory::open(contents),
                 {.threads = 0, .transforms = {stet::zstd(), keys()}, .clock = &w.clock}};
  define(e);
  e.start();
  e.run_until_idle();
  w.clock.advance(1h);
  e.run_until_idle();
  CHECK(e.find(Pair, "p")->result() == secret + "1" + secret + "2");
  CHECK(entries_of(e, Notes).at(1) == secret);
}

TEST_CASE("what compresses well takes less room") {
  std::size_t sizes[2];
  for (bool compressed : {false, true}) {
    world w;
    if (compressed) w.options.transforms = {stet::zstd()};
    w.open(define);
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "line " + std::to_string(i) + "\n";
    CHECK(w.result(w.engine().start(Pair, "p", text)) == text + "1" + text + "2");
    w.close();
    sizes[compressed] = all_of(*w.store()).size();
  }
  CHECK(sizes[1] * 2 < sizes[0]);
}

TEST_CASE("a bomb that somebody put in stalls its run [S217]") {
  std::string zeros(65u << 20, '\0');
  std::string bomb("\xff\x04zstd", 6);
  auto head = bomb.size();
  bomb.resize(head + ZSTD_compressBound(zeros.size()));
  bomb.resize(head +
              ZSTD_compress(bomb.data() + head, bomb.size() - head, zeros.data(), zeros.size(), 3));
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    world w(c);
    w.options.transforms = {stet::zstd()};
    w.open(define);
    w.engine().start(Pair, "one", secret);
    w.settle();
    auto one = w.engine().admin().describe("one").value().run;
    w.close();
    rewrite(w, one, [&](auto& all) { find(all, stet::record_kind::step_done, 1).payload = bomb; });
    w.reopen();
    w.pass(1h);
    auto info = *w.engine().admin().describe("one");
    CHECK(info.status == stet::status::stalled);
    CHECK(info.reason.find("68157440 bytes") != std::string::npos);
  }
}
