// The n-th call of a user's callback throws: a codec, a transform of payloads, a handler, a
// validator, a predicate, a function of a transaction, a body, an interceptor, a listener, a clock
// that skips. It throws an exception derived from std::exception, a store_error that isn't the
// store's, a std::bad_alloc, or an int. The caller gets an error, nothing is half done, and the
// engine goes on for all other runs. A later engine on the same store, whose callbacks don't throw,
// comes to the same results.
//
// It all happens in one process, on one thread, under a clock that skips by itself, so the n-th
// call
// is the same in each trial.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <stet/check.hpp>
#include <stet/entity.hpp>
#include <stet/memory.hpp>
#include <stet/stet.hpp>
#include <stet/test_doubles.hpp>

#include "faults/campaign.hpp"

namespace stet_faults { namespace {

using namespace std::chrono_literals;  // NOLINT: 1s is a time

// ---------------------------------------------------------------- the callbacks

// An entity's handler isn't among them, since it is workflow code. If it throws at its n-th call
// only, it throws something else in a replay, and its run is rightly stalled.
const std::vector<std::string> callbacks = {
    "encode",   "decode",    "seal",     "open",        "query", "validator",
    "update",   "predicate", "table",    "transaction", "body",  "retryable",
    "function", "intercept", "listener", "entity new",  "skip"};

const std::vector<std::pair<std::string, std::function<void()>>> ways = {
    {"runtime_error", [] { throw std::runtime_error("on purpose"); }},
    {"store_error",
     [] { throw stet::store_error(stet::errc::store, "another store", "/elsewhere", 5, "no"); }},
    {"bad_alloc", [] { throw std::bad_alloc(); }},
    {"int", [] { throw 42; }},
};

/// The callback that is to throw, and when. For one thread only.
struct fuse {
  std::string callback;  // empty if nothing throws
  long at = 0;           // the number of its call, from 1; 0 means none
  std::function<void()> way;
  bool counts = false;
  bool happened = false;
  std::map<std::string, long> calls;
} lit;

/// Called by each callback.
void reach(const char* callback) {
  if (!lit.counts) return;
  auto n = ++lit.calls[callback];
  if (lit.callback != callback || n != lit.at) return;
  lit.happened = true;
  lit.way();
}

struct word {
  std::string text;
};

}  // namespace
}  // namespace stet_faults

template <> struct stet::codec<stet_faults::word> {
  static void encode(stet::writer& out, const stet_faults::word& w) {
    stet_faults::reach("encode");
    out.text(w.text);
  }
  static stet_faults::word decode(stet::reader& in) {
    stet_faults::reach("decode");
    return {std::string(in.text())};
  }
};

namespace stet_faults {
namespace {

class turning final : public stet::payload_transform {
 public:
  std::string_view name() const noexcept override { return "turning"; }
  std::optional<std::string> seal(std::string_view plain, const stet::payload_place&) override {
    reach("seal");
    return std::string(plain.rbegin(), plain.rend());
  }
  std::string open(std::string_view sealed, const stet::payload_place&, std::size_t) override {
    reach("open");
    return std::string(sealed.rbegin(), sealed.rend());
  }
};
class ear final : public stet::listener {
 public:
  void log(std::string_view, std::string_view) override { reach("listener"); }
  void problem(std::string_view) override { reach("listener"); }
};
class between final : public stet::interceptor {
 public:
  std::string run_step(const stet::step_attempt&, stet::step_body& body) override {
    auto result = body.run();
    reach("intercept");
    return result;
  }
};
class skipping final : public stet::testing::virtual_clock {
 public:
  bool skip_to(std::optional<stet::time_point> due) override {
    reach("skip");
    if (!due) return false;
    advance(std::max(*due - wall(), stet::duration(1)));
    return true;
  }
};

// ---------------------------------------------------------------- the workflows

inline constexpr stet::workflow<std::string(word, int)> Order{"order"};
inline constexpr stet::workflow<word(word)> Part{"part"};
inline constexpr stet::workflow<int(int)> Other{"other"};
inline constexpr stet::workflow<word(word)> Guarded{"guarded"};
inline constexpr stet::signal<word> Said{"said"};
inline constexpr stet::signal<word> Told{"told"};
inline constexpr stet::update<word(word)> Note{"note"};
inline constexpr stet::query<word()> Now{"now"};
inline constexpr stet::entity<int> Purse{"purse"};
inline constexpr stet::update<int(int)> Pay{"pay"};
inline constexpr stet::query<int()> Cents{"cents"};
inline constexpr stet::table<std::string, word> Left{"left"}, Right{"right"};

void put_both(stet::transaction& tx, const std::string& key, const std::string& text) {
  tx.put(Left, key, word{text});
  reach("table");
  tx.put(Right, key, word{text});
}
bool may_be_retried(const std::exception&) {
  reach("retryable");
  return true;
}

/// Uses a step with a body of its own, children, a message to another run, one to an entity, and a
/// transaction. Then it continues as a new run, which gets the messages that nothing has read.
stet::task<std::string> order(stet::context& ctx, word name, int generation) {
  std::string all = name.text;
  auto now = ctx.on(Now, [&] {
    reach("query");
    return word{all};
  });
  auto note = ctx.on(
      Note, [](const word&) { reach("validator"); },
      [&](word w) {
        reach("update");
        all += w.text;
        return w;
      });
  ctx.log("begins");
  ctx.set_memo(name.text);
  ctx.set_details("details of " + name.text);
  (void)co_await ctx.try_step(
      "tries", {.retry = {.max_attempts = 3, .initial_interval = 1s, .retryable = may_be_retried}},
      [](stet::step_context& s, const word& w) {
        s.heartbeat(w);
        reach("body");
        if (s.attempt() == 1) throw std::runtime_error("not yet");
        return w;
      },
      word{"step"});
  auto key = std::string(ctx.id()) + "/" + std::to_string(generation);
  auto kept = co_await stet::attempt(ctx.transact("keep", [&](stet::transaction& tx) {
    reach("transaction");
    put_both(tx, key, "by the run");
    return word{"kept"};
  }));
  auto part = co_await stet::attempt(ctx.child(Part, key, word{"part"}));
  (void)co_await stet::attempt(ctx.signal("other run", Told, word{"from " + key}));
  (void)co_await stet::attempt(ctx.call(Purse, "ann", Pay, 1));
  try {
    co_await ctx.until([] {
      reach("predicate");
      return true;
    });
  } catch (...) { all += "?"; }  // a predicate's exception comes out here
  if (generation == 0) co_return co_await ctx.continue_as_new(Order, word{all}, 1);
  for (int i = 0; i < 2; ++i) all += (co_await ctx.receive(Said)).text;
  co_return all;
}
stet::task<word> part(stet::context& ctx, word w) {
  auto said = co_await ctx.step("part", [](const word& x) { return x; }, w);
  co_await ctx.sleep(1s);
  co_return said;
}
/// A bystander: it has none of the callbacks.
stet::task<int> other(stet::context& ctx, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await ctx.step("one", [] { return 1; });
  co_await ctx.sleep(1s);
  co_return sum;
}
stet::task<word> guarded(stet::context& ctx, word w) {
  auto told = co_await ctx.receive(Told, 1h);
  co_return word{w.text + (told ? told->text : "")};
}

void define(stet::engine& e) {
  e.define(Order, order);
  e.define(Part, part);
  e.define(Other, other);
  e.define(Guarded, [](stet::context& ctx, word w) -> stet::task<word> {
    reach("function");  // before there is a coroutine
    return guarded(ctx, std::move(w));
  });
  e.define(Purse,
           stet::on(Pay,
                    [](int& cents, int more) {
                      reach("entity");
                      return cents += more;
                    }),
           stet::on(Cents, [](const int& cents) {
             reach("entity new");
             return cents;
           }));
}

// ---------------------------------------------------------------- one trial

/// The answers that the caller got.
struct told {
  std::set<std::string> done;                // calls that returned
  std::map<std::string, stet::status> ends;  // of runs, at the end of the faulty life
};

class life {
 public:
  life(std::unique_ptr<stet::store> s, skipping& clock) {
    engine_ = std::make_unique<stet::engine>(
        std::move(s), stet::engine_options{.threads = 0,
                                           .tail_bytes_max = 8 << 10,
                                           .transforms = {std::make_shared<turning>()},
                                           .clock = &clock,
                                           .entropy = &entropy_,
                                           .listener = &ear_,
                                           .interceptor = &between_});
    define(*engine_);
    engine_->start();
  }
  stet::engine& engine() { return *engine_; }

 private:
  stet::testing::seeded_entropy entropy_;
  ear ear_;
  between between_;
  std::unique_ptr<stet::engine> engine_;
};

/// Makes a call, and makes it again with the same id if it is refused. The first time, any
/// exception is allowed.
void ask(told& t, const std::string& call, const std::function<void()>& f) {
  for (int i = 0; i < 2; ++i) {
    try {
      f();
      t.done.insert(call);
      return;
    } catch (...) {}  // refused: by the callback, or because of what it did to a run
  }
}

const std::vector<std::string> ids = {"order", "other", "other run", "guarded"};

void resume_all(stet::engine& e) {
  for (auto& id : e.admin().open_runs({}, 100))
    if (auto info = e.admin().describe(id); info && info->status == stet::status::stalled)
      e.admin().resume(id);
}

/// Lets time pass until nothing is due. The clock moves only while a thread waits.
void run_on(stet::engine& e, skipping& clock) {
  for (int i = 0; i < 100; ++i) {
    e.run_until_idle();
    auto due = e.next_wakeup();
    if (!due) return;
    clock.advance(std::max(*due - clock.wall(), stet::duration(1)));
  }
}

void work(stet::engine& e, skipping& clock, told& t) {
  ask(t, "other", [&] { e.start(Other, "other", 3); });
  ask(t, "end of other", [&] {  // it sleeps, and the clock skips to its end
    if (!e.find(Other, "other")->wait_for(1h)) throw std::runtime_error("it has no end");
  });
  ask(t, "other run", [&] { e.start(Guarded, "other run", word{"o"}); });
  ask(t, "guarded", [&] { e.start(Guarded, "guarded", word{"g"}); });
  ask(t, "order", [&] { e.start(Order, "order", word{"<"}, 0); });
  ask(t, "cents", [&] { (void)e.call(Purse, "never", Cents); });
  ask(t, "pay", [&] { (void)e.call(Purse, "ann", Pay, {.id = "p"}, 10); });
  for (std::string key : {"1", "2"}) {
    auto said = "said " + key;
    ask(t, said,
        [&] { e.find(Order, "order")->signal(Said, word{key}, {.idempotency_key = key}); });
    ask(t, "note " + key,
        [&] { (void)e.find(Order, "order")->update(Note, {.id = "n" + key}, word{"n" + key}); });
    ask(t, "query", [&] { (void)e.find(Order, "order")->query(Now); });
    run_on(e, clock);
  }
  ask(t, "transact", [&] {
    e.transact([](stet::transaction& tx) {
      reach("transaction");
      put_both(tx, "outside", "from outside");
    });
  });
  ask(t, "told",
      [&] { e.find(Guarded, "guarded")->signal(Told, word{"!"}, {.idempotency_key = "t"}); });
  ask(t, "list", [&] { (void)e.admin().list(); });
  ask(t, "history", [&] { (void)e.admin().history("order"); });
  ask(t, "wait", [&] { (void)e.find(Other, "other")->wait_for(1h); });
  ask(t, "result", [&] { (void)e.find(Other, "other")->result(); });
}

/// Keys in one table but not in the other: half a transaction.
std::set<std::string> torn(stet::engine& e) {
  return e.transact([](stet::transaction& tx) {
    std::set<std::string> odd;
    auto turn = [&](const std::string& key) {
      if (!odd.insert(key).second) odd.erase(key);
    };
    tx.scan(Left, [&](const std::string& key, const word&) { turn(key); });
    tx.scan(Right, [&](const std::string& key, const word&) { turn(key); });
    return odd;
  });
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

using report = std::function<void(const std::string&)>;

/// Checks the store at the end of a life, whatever was thrown in it.
void judge(stet::engine& e, const told& t, const report& wrong) {
  if (auto keys = torn(e); !keys.empty()) wrong("half a transaction is there: " + *keys.begin());
  if (t.done.contains("transact") &&
      !e.transact([](stet::transaction& tx) { return tx.get(Left, "outside").has_value(); }))
    wrong("a transaction that was acknowledged is lost");
  for (auto& id : ids)
    if (t.done.contains(id) && !e.admin().describe(id))
      wrong("the run '" + id + "' was acknowledged");
  for (auto& id : e.admin().open_runs({}, 100)) {
    bool is_entity = id.starts_with("purse/");
    if (!is_entity && id != "order") wrong("the run '" + id + "' hasn't ended");
  }
  if (auto run = e.find(Other, "other"); !run || run->result() != 3)
    wrong("a run that isn't concerned has come to something else");
  if (t.done.contains("pay") && e.call(Purse, "ann", Cents) < 10) wrong("a payment is lost");
  if (e.call(Purse, "ann", Cents) > 12) wrong("a payment counts twice");
  auto run = e.find(Order, "order");
  if (!run || run->status() != stet::status::completed) return;  // a callback may have made it fail
  auto all = run->result();
  for (std::string key : {"1", "2"}) {
    auto noted = times(all, "n" + key);
    if (noted > 1) wrong("an update was done twice: " + all);
    if (times(all, key) - noted > 1) wrong("a signal was read twice: " + all);
    if (times(all, key) - noted < 1) wrong("a signal is lost: " + all);
    if (t.done.contains("note " + key) && noted == 0) wrong("an update is lost: " + all);
  }
}

void live(std::unique_ptr<stet::store> s, skipping& clock, told& t, const report& wrong) {
  life l(std::move(s), clock);
  lit.counts = true;
  work(l.engine(), clock, t);
  lit.counts = false;
  for (int i = 0; i < 3; ++i) {
    run_on(l.engine(), clock);
    resume_all(l.engine());
  }
  // Calls that were refused twice are made again, now that the callbacks don't throw.
  work(l.engine(), clock, t);
  run_on(l.engine(), clock);
  judge(l.engine(), t, wrong);
  for (auto& id : ids) t.ends[id] = l.engine().admin().describe(id).value().status;
  l.engine().close();
}

void live_again(std::unique_ptr<stet::store> s, skipping& clock, told& t, const report& wrong) {
  life l(std::move(s), clock);
  run_on(l.engine(), clock);
  judge(l.engine(), t, wrong);
  for (auto& id : ids)
    if (l.engine().admin().describe(id).value().status != t.ends[id])
      wrong("another engine sees another end");
  l.engine().close();
}

/// Returns how often the callback was called.
long one(const std::string& kind, const std::string& folder, const std::string& callback,
         const std::pair<std::string, std::function<void()>>& way, long at, tally& sum) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  auto path = folder + "/store";
  auto contents = stet::memory::make_contents();
  auto open = [&] {
    return kind == "memory" ? stet::memory::open(contents) : open_kind(kind, path);
  };
  auto name = kind + "/" + callback + "/" + way.first + ", call " + std::to_string(at);
  auto wrong = [&](const std::string& what) { sum.report(what + "   [" + name + "]"); };
  lit = {callback, at, way.second, false, false, {}};
  told t;
  skipping clock;
  try {
    live(open(), clock, t, wrong);
    live_again(open(), clock, t, wrong);
    auto found = stet::check(*open());
    for (auto& p : found.problems) wrong("check: " + p);
  } catch (const std::exception& e) { wrong(std::string("out came: ") + e.what()); } catch (...) {
    wrong("out came something");
  }
  lit.counts = false;
  ++sum.trials;
  sum.hit += lit.happened;
  ++sum.ends[lit.happened ? way.first + " was thrown" : "it was only counted"];
  return lit.calls[callback];
}

/// In a short campaign each store gets some of the kinds of exception, so that together the stores
/// try all.
void explore(const std::string& kind, const std::string& callback, const std::string& folder,
             tally& sum) {
  auto all = one(kind, folder, callback, {"counting", [] {}}, 0, sum);
  if (all == 0) return sum.report(kind + "/" + callback + ": it is never called");
  for (auto& way : ways) {
    auto salt = std::hash<std::string>()(kind + callback + way.first);
    for (long at : sample(all, kind == "memory" ? 12 : 1, salt))
      one(kind, folder, callback, way, at, sum);
  }
}

}  // namespace

int throws() {
  auto kinds = store_kinds();
  kinds.insert(kinds.begin(), "memory");
  std::vector<cell> cells;
  for (auto& kind : kinds)
    for (auto& callback : callbacks)
      cells.push_back({kind + "/" + callback, [=](const std::string& folder, tally& sum) {
                         explore(kind, callback, folder, sum);
                       }});
  return run_campaign("throws", cells);
}

}  // namespace stet_faults
