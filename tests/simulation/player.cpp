#include "simulation/player.hpp"

#include "crash/bodies.hpp"
#include "simulation/chains.hpp"
#include "simulation/lasts.hpp"
#include "simulation/sim_store.hpp"
#include "simulation/storms.hpp"

namespace stet_crash {

void tell(fact_kind kind, std::initializer_list<std::string_view> fields) {
  auto& w = stet_simulation::here();
  if (!w.power) return;
  w.facts.push_back({kind, w.life, {fields.begin(), fields.end()}});
  std::string text = "  effect";
  for (auto f : fields) text += " " + std::string(f);
  w.note(text);
}
void effect(const stet::step_context& s, std::string_view id, std::string_view step) {
  tell(fact_kind::effect, {id, step, std::to_string(s.attempt()), s.idempotency_key()});
}

}  // namespace stet_crash

namespace stet_simulation {
namespace {

using stet_crash::act;
using stet_crash::act_late;
using stet_crash::Add;
using stet_crash::Answer;
using stet_crash::Box;
using stet_crash::Number;
using ms = stet::duration;

constexpr stet::retry_policy again{.initial_interval = ms(step_ms)};

void wrong(std::string text) {
  if (here().power) here().wrong.push_back(std::move(text));
}

/// Plays one run of a program. Lives in the workflow's frame.
class player {
 public:
  player(stet::context& c, int argument)
      : ctx_(c),
        id_(c.id()),
        nonce_(c.uuid()),
        continued_(argument / 16),
        program_(here().programs.at(static_cast<std::size_t>(argument % 16))) {}

  stet::task<std::string> play() {
    int count = 0;
    auto asking = ctx_.on(stet_crash::Sum, [&] { return count; });
    auto adding = ctx_.on(Add, [&](int n) { return n * 1000 + ++count; });
    auto slowly = ctx_.on(Slow, [&](stet::context& c, int n) -> stet::task<int> {
      auto done = co_await stet_crash::step(c, "u" + std::to_string(n), n);
      co_await c.sleep(ms(30));
      co_return done;
    });
    int value = co_await perform(program_.root);
    co_await ctx_.handlers_done();
    if (continued_ > 0)
      co_return co_await ctx_.continue_as_new(Play, argument_of(number(), continued_ - 1));
    co_return std::to_string(value);
  }

 private:
  int number() const { return static_cast<int>(&program_ - here().programs.data()); }
  std::string named(char kind, const node& n, int attempts = 1) const {
    auto text = kind + std::to_string(n.id);
    return attempts == 1 ? text : text + "*" + std::to_string(attempts);
  }

  stet::task<int> perform(node& n) {
    switch (n.what) {
      case op::step:
      case op::hopeless:
      case op::inline_step:
      case op::transact: return work(n);
      case op::sleep: return sleep(n);
      case op::receive: return receive(n);
      case op::child:
      case op::launch: return start(n);
      case op::all:
      case op::any: return group(n);
      case op::timeout:
      case op::scope: return limited(n);
      case op::saga: return undone(n);
      case op::promise:
      case op::call:
      case op::tell: return talk(n);
      default: return plain(n);
    }
  }

  stet::task<int> plain(node& n) {
    if (n.what == op::shield) co_return co_await stet::shield(perform(n.kids[0]));
    if (n.what == op::attempt) {
      auto tried = co_await stet::attempt(perform(n.kids[0]));
      co_return tried ? *tried : 10 * n.id;
    }
    int sum = 0;
    for (auto& k : n.kids) sum += co_await perform(k);
    co_return sum;
  }

  stet::task<int> work(node& n) {
    if (n.what == op::step) {
      auto name = named('s', n, n.n + 1);
      co_return co_await ctx_.step(name, {.retry = again, .at_most_once = is_once(n)}, act_late,
                                   id_, name, n.n, n.id);
    }
    if (n.what == op::inline_step) {
      auto name = named('i', n);
      co_return co_await ctx_.step(name, {.run_inline = true}, act, id_, name, n.id);
    }
    if (n.what == op::hopeless) {
      auto name = named('h', n, n.n);
      stet::step_options o{.retry = again};
      o.retry.max_attempts = static_cast<unsigned>(n.n);
      co_await ctx_.step(name, o, stet_crash::fail, id_, name);
      co_return 0;
    }
    co_return co_await ctx_.transact("t", [&](stet::transaction& tx) {
      auto key = nonce_ + "/" + std::to_string(n.id);
      if (tx.get(Done, key)) wrong("I5 the transaction " + key + " of '" + id_ + "' is done twice");
      tx.put(Done, key, n.id);
      return n.id;
    });
  }

  /// The time at which a sleep was asked for, by a clock that is right.
  std::int64_t asked_for(const node& n) const {
    if (!here().truth) return 0;
    auto key = nonce_ + "/" + std::to_string(n.id);
    auto now = here().is_right() ? here().truth() : 0;
    return here().since.emplace(key, now).first->second;
  }
  stet::task<int> sleep(node& n) {
    auto began = ctx_.now();
    auto since = asked_for(n);
    co_await ctx_.sleep(ms(n.n));
    if (since != 0 && here().truth() - since < n.n)
      wrong("I7 a sleep of '" + id_ + "' ended before its time was over");
    if (ctx_.now() - began < ms(n.n) && !here().is_set_back)
      wrong("I7 a sleep of '" + id_ + "' ended early");
    co_return 0;
  }

  void hear(int number) {
    if (here().power) here().heard[id_].insert(number);
    if (!heard_.insert(number).second)
      wrong("I8 '" + id_ + "' read the signal " + std::to_string(number) + " twice");
    if (number >= from_runs) return;
    if (number < last_) wrong("I8 '" + id_ + "' read a signal behind a later one");
    last_ = number;
  }
  stet::task<int> receive(node& n) {
    if (n.n == 0) {
      hear(co_await ctx_.receive(Number));
    } else {
      auto heard = co_await ctx_.receive(Number, ms(n.n));
      if (heard) hear(*heard);
    }
    co_return 0;
  }

  stet::task<int> start(node& n) {
    auto id = child_id(id_, continued_, n.id);
    int argument = argument_of(n.n, 0);
    if (n.what == op::child) {
      auto text = co_await ctx_.child(Play, id, argument);
      co_return std::stoi(text);
    }
    auto policy = static_cast<stet::parent_close>(n.id % 3);
    (void)ctx_.start_child(Play, id, {.parent_close = policy}, argument);
    co_return 0;
  }

  stet::task<int> group(node& n) {
    std::vector<stet::task<int>> tasks;
    for (auto& k : n.kids) tasks.push_back(perform(k));
    if (n.what == op::any) {
      auto first = co_await stet::any(std::move(tasks));
      co_return first.value + 1000 * (static_cast<int>(first.index) + 1);
    }
    auto values = co_await stet::all(std::move(tasks));
    int sum = 0;
    for (int v : values) sum += v;
    co_return sum;
  }

  stet::task<int> limited(node& n) {
    if (n.what == op::timeout) {
      auto value = co_await stet::with_timeout(ms(n.n), perform(n.kids[0]));
      co_return value.value_or(100 * n.id);
    }
    auto value = co_await stet::with_scope([&](stet::scope& part) -> stet::task<int> {
      auto both = stet::all(perform(n.kids[0]), [&](stet::context& c) -> stet::task<int> {
        co_await c.sleep(ms(n.n));
        part.cancel("enough");
        co_return 0;
      });
      auto values = co_await std::move(both);
      co_return std::get<0>(values);
    });
    co_return value.value_or(100 * n.id);
  }

  stet::task<int> undone(node& n) {
    auto sum = co_await ctx_.saga([&](stet::saga& s) -> stet::task<int> {
      int done = 0;
      for (auto& k : n.kids) {
        // Not `s.act(…).undo(…)`: a shielded kid may wait for ever.
        done += co_await perform(k);
        auto name = named('z', k);
        s.undo_in_any_case(name, act, id_, name, 0);
      }
      if (n.n) {
        stet::step_options once{.retry = {.max_attempts = 1}};
        auto name = named('h', n);
        co_await ctx_.step(name, once, stet_crash::fail, id_, name);
      }
      co_return done;
    });
    co_return sum;
  }

  stet::task<int> talk(node& n) {
    if (n.what == op::call) {
      auto key = "b" + std::to_string(n.n);
      int sum = n.id % 3 == 0 ? co_await ctx_.call(Box, key, stet_crash::Work, 1)
                              : co_await ctx_.call(Box, key, stet_crash::Put, 1);
      if (sum < 1) wrong("the box '" + key + "' lost what was put into it");
      co_return 0;
    }
    if (n.what == op::tell) {
      auto number = from_runs + static_cast<int>(ctx_.random() % 1'000'000'000);
      (void)co_await stet::attempt(ctx_.signal("r" + std::to_string(n.n), Number, number));
      co_return 0;
    }
    auto asked = ctx_.promise(Answer);
    auto token = asked.token();
    co_await ctx_.step("a", {.run_inline = true}, [&](stet::step_context& c) {
      stet_crash::effect(c, id_, "a");
      if (here().power) here().tokens.insert(token);
    });
    std::optional<int> told;
    if (n.n == 0) told = co_await asked.wait();
    else told = co_await asked.wait(ms(n.n));
    if (told && *told != answer) wrong("a promise of '" + id_ + "' has another answer");
    co_return told ? n.id : 0;
  }

  static constexpr int from_runs = 1'000'000;  // runs send numbers from here on
  stet::context& ctx_;
  std::string id_, nonce_;
  int continued_;
  program& program_;
  std::set<int> heard_;
  int last_ = 0;
};

stet::task<std::string> play(stet::context& ctx, int argument) {
  player p(ctx, argument);
  co_return co_await p.play();
}

/// A workflow with features that programs lack: see extras.hpp.
stet::task<std::string> extra(stet::context& ctx, int sleeps) {
  const std::string id(ctx.id());
  auto now = here().truth ? stet::time_point(ms(here().truth())) : ctx.now();
  bool is_known = here().truth || !here().is_set;
  if (is_known && now < stet::time_point(ms(here().begins[id])))
    wrong("I7 '" + id + "' begins before its time");
  auto kept = ctx.promise(Kept);
  co_await ctx.step("ask", {.run_inline = true}, [token = kept.token(), id] {
    if (here().power) here().asked[token] = id;
  });
  co_await ctx.sleep(ms(sleeps));
  std::string said = "kept";
  try {
    (void)co_await kept.wait();
  } catch (const stet::promise_rejected&) { said = "refused"; }
  co_return said;
}

}  // namespace

outside& here() {
  static outside one;
  return one;
}
std::string child_id(std::string_view parent, int continued, int node) {
  return std::string(parent) + "/" + std::to_string(continued) + "c" + std::to_string(node);
}
void define_all(stet::engine& e) {
  for (auto& f : stet_crash::flows()) e.define(f.name, f.body);
  stet_crash::define_box(e);
  if (here().has_brief) retain_chains(e);
}

}  // namespace stet_simulation

namespace stet_crash {

const std::vector<flow>& flows() {
  static const auto all = [] {
    std::vector<flow> f{{stet_simulation::Play, stet_simulation::play},
                        {stet_simulation::Extra, stet_simulation::extra}};
    for (auto& more : {stet_simulation::last_flows(), stet_simulation::chain_flows(),
                       stet_simulation::storm_flows()})
      f.insert(f.end(), more.begin(), more.end());
    return f;
  }();
  return all;
}
std::string text_of(stet::status how, std::string_view payload, const stet::failure&) {
  if (how == stet::status::completed) return stet::decode<std::string>(payload);
  return "!" + std::string(stet::to_text(how));
}

}  // namespace stet_crash
