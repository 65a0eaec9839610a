#include "engine/calls/sweeper.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t swept_max = 100;          // runs of a namespace in one turn
constexpr std::int64_t busy_pause_ms = 60'000;  // after it a run that can't go yet is tried again
constexpr std::int64_t refused_sweep_ms = 250;  // between two sweeps of a store without room
// In a chain that goes on, this many ended runs are kept, however old they are. By them a request
// that comes again is recognised (docs/decisions/chains-and-retention.md).
constexpr std::size_t links_kept = 8;

/// The time in a key of the index by end. The key must be long enough.
engine_time end_in(std::string_view key) {
  source in(key.substr(key.size() - 16));
  return engine_time(static_cast<std::int64_t>(in.big_endian() ^ (1ull << 63)));
}

}  // namespace

bool sweeper::sweep() {
  auto& plan = e_.runs.sweeps;
  if (!e_.time.clock.is_over(plan.next)) return false;
  plan.next = engine_time::never();
  // The index doesn't have these runs yet.
  e_.commit.checkpointer.for_each_unindexed([&](run_number run) {
    if (auto* r = e_.runs.table.find(run); r && !r->state.open())
      e_.drive.ending.plan_sweep(r->state);
  });
  std::set<std::string> names;
  for (auto& [key, n] : e_.runs.counters.all()) names.insert(std::get<0>(key));
  bool any = sweep_busy();
  for (auto& name : names)
    if (auto keep = plan.retention_of(name, e_.services.options.retention); keep > 0)
      any |= sweep(name, keep);
  if (e_.commit.waits_for_room()) plan.next = std::max(plan.next, e_.time.now() + refused_sweep_ms);
  return any;
}

/// Erases runs that were old enough before, when bodies of theirs still ran.
bool sweeper::sweep_busy() {
  auto& plan = e_.runs.sweeps;
  bool any = false;
  for (auto run : std::exchange(plan.busy, {})) {
    auto r = e_.runs.table.load(run);
    if (!r) continue;
    auto keep = plan.retention_of(namespace_of(r->state), e_.services.options.retention);
    if (is_old(r->state, keep)) any |= sweep_chain(*r);
    else plan.busy.push_back(run);
  }
  return any;
}

bool sweeper::sweep(const std::string& name_space, std::int64_t keep) {
  bool any = false;
  for (auto run : find_old(name_space, keep)) {
    if (auto r = e_.runs.table.load(run)) {
      if (is_old(r->state, keep)) any |= sweep_chain(*r);
      else e_.runs.sweeps.busy.push_back(run);
    }
    e_.commit.commit_if_full();
  }
  return any;
}

/// Whether a run that has ended was kept long enough. The index has the time of its end as the
/// clock showed it then, and the clock may have been set since.
bool sweeper::is_old(const run_state& s, std::int64_t keep) noexcept {
  auto due = e_.time.clock.due(s.closed() + keep, s.applied_lsn);
  if (e_.time.clock.is_over(due)) return true;
  e_.runs.sweeps.next = std::min(e_.runs.sweeps.next, due);
  return false;
}

/// The next runs that are old enough, in the order in which they ended. Each is found once: a run
/// that is kept after that is looked at again when a later run of its chain is found. If the clock
/// was set back, runs after them may be old enough, too.
std::vector<run_number> sweeper::find_old(const std::string& name_space, std::int64_t keep) {
  auto& plan = e_.runs.sweeps;
  std::vector<run_number> old, perhaps;
  auto& last = plan.looked_to[name_space];
  auto from = keys::index_prefix(name_space, by_end), to = keys::end_of(from);
  auto shortest = from.size() + 17;
  if (!last.empty()) (from = last).push_back('\0');
  bool has_all = e_.commit.is_idle() && !e_.commit.checkpointer.has_ended();
  bool was_set_back = e_.time.clock.history().shifts_back();
  scan(e_.services.store, {from, to}, [&](std::string_view key, std::string_view) {
    if (key.size() < shortest) {
      e_.services.reporter.report(event_kind::store_damaged,
                                  "a key of the index by end makes no sense; it is left alone");
      return true;
    }
    auto end = end_in(key), due = end + keep;
    // A run that ended earlier may be on its way to the index. It must not be skipped.
    bool is_safe = has_all || end < plan.ended_until;
    bool is_over = e_.time.clock.is_over(due);
    if (!is_over || !is_safe || old.size() == swept_max)
      plan.next = std::min(plan.next, std::max(due, e_.time.now()));
    if (!is_safe || old.size() == swept_max || (!is_over && !was_set_back)) return false;
    auto run = keys::last_run(key);
    if (is_over) last = key;
    if (!e_.runs.table.erased.has(run)) (is_over ? old : perhaps).push_back(run);
    return true;
  });
  for (auto run : perhaps)
    if (auto r = e_.runs.table.load(run); r && is_old(r->state, keep)) old.push_back(run);
  return old;
}

/// The runs of a chain that are to be erased, the latest first. If the chain goes on its latest
/// runs are kept.
std::vector<run_number> sweeper::old_links_of(resident& r) {
  std::vector<run_number> old;
  bool goes_on = r.state.next && e_.runs.table.exists(r.state.next);
  if (!goes_on) old.push_back(r.state.run);
  std::size_t kept = goes_on ? 1 : links_kept;
  auto name_space = namespace_of(r.state);
  for (auto below = r.state.run;
       (below = e_.runs.table.latest_below(name_space, r.state.id, below));) {
    if (below < r.state.first) break;
    if (kept < links_kept) ++kept;
    else old.push_back(below);
  }
  return old;
}

/// A run is old enough: erases it, and what is left of its chain.
bool sweeper::sweep_chain(resident& r) {
  auto& plan = e_.runs.sweeps;
  const auto run = r.state.run;
  auto old = old_links_of(r);
  bool any = false;
  for (auto i = old.rbegin(); i != old.rend(); ++i) {  // the oldest first
    auto link = e_.runs.table.load(*i);
    if (!link) continue;  // it can't be read, which was reported
    if (eraser_.erase_run(*link)) {
      any = true;
      continue;
    }
    plan.busy.push_back(run);
    plan.next = std::min(plan.next, e_.time.now() + busy_pause_ms);
    break;
  }
  return any;
}

}}}  // namespace stet::v0::detail
