// Every short script × a guarded step at every place of it × an upgrade at every commit. The
// durable
// records tell whether a run must go the old way or the new one.
//
// STET_UPGRADES_LENGTH is the length of the scripts, by default 2.
#include <cstdlib>
#include <deque>

#include <stet/check.hpp>

#include "tests/support/world.hpp"

#include "journal/journal.hpp"

using namespace stet_tests;
using stet::record_kind;

namespace {

inline constexpr stet::workflow<std::string()> Play{"play"};
inline constexpr stet::workflow<void()> Leaf{"leaf"};

/// The place of the gate: before the operation `at`, or inside of it. At the end if there is no
/// such operation.
struct place {
  std::size_t at = SIZE_MAX;  // no gate
  bool inside = false;
  bool is(std::size_t i, bool in) const { return at == i && inside == in; }
};

struct player {
  world& w;
  std::string script;
  place gate;

  auto step(stet::context& ctx, const std::string& name) const {
    return ctx.step(name, [&done = w.done, name] { done.hit(name); });
  }
  stet::task<void> pass(stet::context& ctx, std::string& said) const {
    if (!ctx.patched("new way")) co_return;
    co_await step(ctx, "new");
    said += '+';
  }
  stet::task<void> branch(stet::context& ctx, std::string& said, std::size_t i) const {
    co_await step(ctx, std::to_string(i));
    if (gate.is(i, true)) co_await pass(ctx, said);
  }
  stet::task<std::string> play(stet::context& ctx) const {
    std::string said;
    for (std::size_t i = 0; i <= script.size(); ++i) {
      if (gate.is(i, false)) co_await pass(ctx, said);
      if (i == script.size()) break;
      auto name = std::to_string(i);
      switch (script[i]) {
        case 's': co_await step(ctx, name); break;
        case 'z': co_await ctx.sleep(1h); break;
        case 'c': co_await ctx.child(Leaf, std::string(ctx.id()) + "/" + name); break;
        case 'b':  // if the gate is inside, it is passed while the other branch sleeps
          co_await stet::all(branch(ctx, said, i), ctx.sleep(1h));
          break;
        default: break;
      }
      said += script[i];
    }
    co_return said;
  }
};

stet::task<void> leaf(stet::context& ctx) { co_await ctx.sleep(1h); }

void define(stet::engine& e, const player& p) {
  e.define(Play, [&p](stet::context& ctx) -> stet::task<std::string> { return p.play(ctx); });
  e.define(Leaf, leaf);
}

/// Whether the run has driven past the gate's place, according to the store.
bool is_past(stet::store& s, const std::string& script, place gate) {
  std::uint32_t first = 1;  // command of the operation at the gate
  for (std::size_t i = 0; i < gate.at; ++i) first += script[i] == 'b' ? 2 : 1;
  bool past = false;
  std::deque<std::pair<record_kind, std::uint32_t>> undriven;
  auto drives = [&](record_kind k, std::uint32_t command) {
    if (gate.inside && k == record_kind::step_done && command == first) past = true;
  };
  stet::detail::journal j(s, stet::durability::process);
  j.look([&](const stet::detail::record& r, std::string_view, stet::detail::record_lsn) {
    if (r.run != stet::detail::run_number(1)) return;
    bool is_operation =
        r.kind == record_kind::step || r.kind == record_kind::sleep || r.kind == record_kind::child;
    if (!gate.inside && is_operation && r.command.value() >= first) past = true;
    if (!gate.inside && r.kind == record_kind::completed) past = true;
    if (r.kind == record_kind::driven) {
      drives(undriven.front().first, undriven.front().second);
      undriven.pop_front();
    } else if (stet::detail::is_event(r.kind)) {
      if (r.flags & stet::detail::flag::event::undriven)
        undriven.emplace_back(r.kind, r.command.value());
      else drives(r.kind, r.command.value());
    }
  });
  return past;
}

/// The result of a run that went the old way, or the new one.
std::string outcome(const std::string& script, place gate, bool is_new) {
  if (!is_new) return script;
  auto said = script;
  return said.insert(gate.at, "+");
}

struct tally {
  int trials = 0, old = 0, is_new = 0;
};

void check_run(world& w, const std::string& script, place gate, bool past, bool died, tally& n) {
  CHECK(w.run(Play, "p") == outcome(script, gate, !past));
  CHECK((w.done.of("new") > 0) == !past);
  for (std::size_t i = 0; i < script.size(); ++i) {
    auto times = w.done.of(std::to_string(i));
    bool is_step = script[i] == 's' || script[i] == 'b';
    CHECK((is_step ? times >= 1 && times <= 1 + died : times == 0));
  }
  CHECK(w.engine().admin().count("ExecutionStatus = 'Stalled'") == 0);
  CHECK(w.run(Play, "later") == outcome(script, gate, true));
  w.close();
  auto store = w.store();
  CHECK(stet::check(*store).ok());
  ++n.trials;
  ++(past ? n.old : n.is_new);
}

/// Runs the old code until the n-th commit fails, then the new code. Returns false if it never
/// failed.
bool upgrade_at(cell c, const std::string& script, place gate, fault how, std::uint64_t commit,
                tally& n) {
  INFO("the script '", script, "', the gate ", gate.inside ? "inside of " : "before ", gate.at,
       ", the death ", how == fault::unknown_lost ? "before" : "after", " commit ", commit,
       ", in the cell ", c.name());
  world w(c);
  player old{w, script, {}}, today{w, script, gate};
  w.plan->fail(store_call::commit, commit, how);
  try {
    w.open([&](stet::engine& e) { define(e, old); });
    (void)w.run(Play, "p");
  } catch (const stet::error&) {}
  bool died = w.plan->injected() == 1;
  w.crash();
  bool past = is_past(*w.store(), script, gate);
  w.open([](stet::engine&) {});  // in between, a program that defines nothing
  w.settle();
  w.crash();
  w.open([&](stet::engine& e) {
    define(e, today);
    auto p = e.preview();
    CHECK_MESSAGE(p.stalled_runs == 0, (p.stalled.empty() ? "" : p.stalled[0].reason));
  });
  check_run(w, script, gate, past, died, n);
  return died;
}

std::vector<std::string> scripts_up_to(std::size_t length) {
  std::vector<std::string> all{""};
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].size() < length)
      for (char c : {'s', 'z', 'c', 'b'}) all.push_back(all[i] + c);
  return all;
}

}  // namespace

TEST_CASE(
    "every short script, a guarded step at every place, an upgrade at every commit: old runs end "
    "as old ones, new as new, none is stalled [S136]") {
  auto* given = std::getenv("STET_UPGRADES_LENGTH");
  bool in_file = std::getenv("STET_TESTS_FILES") != nullptr;
  auto length = given ? static_cast<std::size_t>(std::atoi(given)) : in_file ? 1u : 2u;
  tally n;
  for (auto& script : scripts_up_to(length))
    for (std::size_t at = 0; at <= script.size(); ++at)
      for (bool inside : {false, true}) {
        if (inside && (at == script.size() || script[at] != 'b')) continue;
        for (std::size_t resident : {std::size_t{0}, std::size_t{100'000}})
          for (auto how : {fault::unknown_lost, fault::unknown_applied})
            for (std::uint64_t commit = 1;
                 upgrade_at({.lmdb = in_file, .resident = resident, .check = resident ? 0u : 1u},
                            script, {at, inside}, how, commit, n);)
              ++commit;
      }
  MESSAGE(n.trials, " lives, ", n.old, " went on as old, ", n.is_new, " took the new way");
  CHECK(n.old > 50);
  CHECK(n.is_new > 50);
}
