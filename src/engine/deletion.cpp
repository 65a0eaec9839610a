// Runs that go: because somebody says so, or because they ended long ago. What goes is the
// snapshot, the history and every index entry, in one commit; a record of run 0 in the same block
// says so to whoever reads what older blocks have of the run.
#include <algorithm>
#include <map>
#include <set>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/plus.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

constexpr std::size_t swept_max = 100;          // runs of a namespace in one turn
constexpr std::int64_t busy_pause_ms = 60'000;  // what can't go now is tried again then
constexpr std::int64_t refused_sweep_ms = 250;  // between two sweeps of a store without room
// Of a chain that goes on so many runs that have ended are kept, however old they are: a request
// that comes again is known by them (docs/decisions/chains-and-retention.md).
constexpr std::size_t links_kept = 8;

/// Of a run whose snapshot can't be read: throws errc::conflict if it may be open.
void refuse_open(std::string_view id, std::uint64_t run, const run_traces& known, erase_options o) {
  auto status = known.kind ? known.kind->second : status::running;
  if (o.terminate || (status != status::running && status != status::stalled)) return;
  throw error(errc::conflict, id,
              "run " + std::to_string(run) + " of the id '" + std::string(id) +
                  "' can't be read, and as far as the indexes know it is open: restore its "
                  "snapshot from a copy, or erase it with erase_options::terminate");
}

/// The time in a key of the index by end, which is long enough.
std::int64_t end_in(std::string_view key) {
  source in(key.substr(key.size() - 16));
  return static_cast<std::int64_t>(in.big_endian() ^ (1ull << 63));
}

}  // namespace

/// Takes a run that has ended out of the store and out of memory. False: a body of it still runs.
bool engine_core::erase_run(resident& r) {
  if (!r.attempts.empty()) return false;
  ensure(!r.state.open(), "only a run that has ended is erased");
  forget_sent(r);
  slice(r);
  ensure(r.dirty_since == 0, "what is erased is in the store, to the last record");
  erase_checkpoints(journal_.riders(), r.state, counters_);
  erase_blobs(namespace_of(r.state), r.state.run);
  forget_debts(r.state.run);
  note_erased(r.state.run);
  forget_run(r);
  return true;
}

/// The same of a run whose snapshot can't be read: what is known of it by other ways.
void engine_core::erase_unreadable(std::string_view name_space, std::string_view id,
                                   std::uint64_t run, const run_traces& traces) {
  detail::erase_unreadable(journal_.riders(), name_space, id, run, traces, counters_);
  sent_.erase_run(run, journal_.riders());
  forget_debts(run);
  erase_blobs(name_space, run);
  note_erased(run);
}

/// All runs of an id are erased, one of which couldn't be read: who waits for it gets no answer any
/// more.
void engine_core::fail_who_waits(std::string_view name_space, std::string_view id) {
  auto why = "the run '" + std::string(id) + "' couldn't be read, and has been erased";
  for (auto& c : waiting_for(name_space, id, command_kind::child)) {
    auto parent = load(c.run);
    if (parent)
      fail_pending(*parent, record_kind::child_failed, c.command, errc::child_failed,
                   "stet::run_terminated", why);
  }
  fail_calls(waiting_for(name_space, id, command_kind::message), why);
}

void engine_core::note_erased(std::uint64_t run) {
  ensure(run != 0 && !erased_.has(run), "a run is erased once");
  record n;
  n.kind = record_kind::erased;
  n.time = now_;
  n.related = run;
  std::string bytes;
  encode(bytes, n);
  answer_lsn_ = journal_.append(bytes, 1);
  erased_.add(run);
  makes_room_ = block_ != nullptr;
}

void engine_core::forget_run(resident& r) {
  evict_at_last(r);
  ensure(!r.frame && !r.lru, "a run that goes from memory has no frame");
  auto id = ids_.find(id_key(namespace_of(r.state), r.state.id));
  if (id != ids_.end() && id->second == r.state.run) ids_.erase(id);
  auto gone = runs_.extract(r.state.run);
  if (r.leases > 0) gone.mapped().release()->forgotten = true;
}

/// The runs that a run has started: the id of each, and its number, by which it is told from runs
/// that others started under that id. What can't be read is told to the listener.
std::vector<started_child> engine_core::children_of(resident& r) {
  std::vector<started_child> children;
  try {
    for_each_record(r, [&](const record& rec) {
      if (rec.kind == record_kind::child)
        children.push_back({std::string(rec.target), rec.related});
    });
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    listener_.problem(std::string(e.what()) + ": its children stay");
  }
  return children;
}

/// Adds the runs of an id: all of them, or those of the chain that began with the run `first`.
void engine_core::add_runs_of(std::string_view name_space, std::string_view id, std::uint64_t first,
                              std::vector<std::uint64_t>& runs) {
  std::set<std::uint64_t> known;
  auto add = [&](std::uint64_t run) {
    while (run >= std::max<std::uint64_t>(first, 1) && !erased_.has(run) &&
           known.insert(run).second) {
      auto r = load(run);
      if (!r && !is_there(run)) return;  // retention took it
      bool is_meant = first == 0 || (r && r->state.first == first);
      if (is_meant) runs.push_back(run);
      if (!r) return;
      run = r->state.previous;  // the store may not know it yet
    }
  };
  for (auto run = latest_run(name_space, id); run;
       run = read_latest_run(*store_, name_space, id, run).value_or(0))
    add(run);
}

/// The runs of an id, and if that is asked for those that they started, and so on.
std::vector<std::uint64_t> engine_core::family_of(run_ref of, bool with_children) {
  std::vector<std::uint64_t> family;
  add_runs_of(of.name_space, of.id, 0, family);
  for (std::size_t i = 0; with_children && i < family.size(); ++i) {
    auto r = load(family[i]);
    if (!r) continue;
    for (auto& c : children_of(*r)) add_runs_of(of.name_space, c.id, c.first, family);
  }
  return family;
}

std::size_t engine_core::erase_id(run_ref of, erase_options o) {
  auto family = family_of(of, o.children);
  if (family.empty()) (void)must_find(of);  // throws
  std::map<std::uint64_t, run_traces> unreadable;
  for (auto run : family) {
    auto r = load(run);
    if (!r) {
      auto& known = unreadable[run] = traces_of(*store_, of.name_space, run);
      refuse_open(of.id, run, known, o);
      continue;
    }
    if (r->state.open() && o.terminate) terminate(*r, "it is erased");
    auto busy = r->state.open() ? "is open: let it end, or erase it with erase_options::terminate"
                : r->attempts.empty() ? nullptr
                                      : "has ended, but the body of a step of it still runs";
    if (busy) throw error(errc::conflict, of.id, "the run " + shown(r->state.id) + " " + busy);
  }
  for (auto run : family) {
    if (auto r = load(run)) erase_run(*r);
    else erase_unreadable(of.name_space, of.id, run, unreadable[run]);
  }
  if (!unreadable.empty()) fail_who_waits(of.name_space, of.id);
  return family.size();
}

// ---------------------------------------------------------------- retention

void engine_core::retain(std::string_view name_space, duration d) {
  if (phase_ != phase::made)
    throw error(errc::usage, name_space, "retention is set before the engine is started");
  if (d < duration{}) throw error(errc::usage, name_space, "a retention must not be negative");
  sweeps_.keep[std::string(name_space)] = d;
}

std::int64_t engine_core::retention_of(std::string_view name_space) const noexcept {
  auto own = sweeps_.keep.find(name_space);
  return (own == sweeps_.keep.end() ? options_.retention : own->second).count();
}

/// A run has ended: when is it to go?
void engine_core::plan_sweep(const run_state& s) noexcept {
  auto keep = retention_of(namespace_of(s));
  if (keep > 0) sweeps_.next = std::min(sweeps_.next, plus(s.closed(), keep));
}

/// Erases what has been kept long enough, some of it at a time. While the store has no room that
/// goes along with the refused block, which is tried at once then: hence the pause.
bool engine_core::sweep() {
  if (!time_.is_over(sweeps_.next)) return false;
  sweeps_.next = INT64_MAX;
  for (auto* waiting : {&ended_, &sliced_})  // what isn't in the index yet isn't found there
    for (auto run : *waiting)
      if (auto* r = in_memory(run); r && !r->state.open()) plan_sweep(r->state);
  std::set<std::string> names;
  for (auto& [key, n] : counters_.all()) names.insert(std::get<0>(key));
  bool any = false;
  for (auto run : std::exchange(sweeps_.busy, {})) {
    auto r = load(run);
    if (!r) continue;
    if (is_old(r->state, retention_of(namespace_of(r->state)))) any |= sweep_behind(*r);
    else sweeps_.busy.push_back(run);
  }
  for (auto& name : names)
    if (auto keep = retention_of(name); keep > 0) any |= sweep(name, keep);
  if (block_ && block_->was_refused)
    sweeps_.next = std::max(sweeps_.next, plus(now_, refused_sweep_ms));
  return any;
}

bool engine_core::sweep(const std::string& name_space, std::int64_t keep) {
  bool any = false;
  for (auto run : find_old(name_space, keep)) {
    if (auto r = load(run)) {
      if (is_old(r->state, keep)) any |= sweep_behind(*r);
      else sweeps_.busy.push_back(run);
    }
    relieve();
  }
  return any;
}

/// Whether a run that has ended was kept long enough. The index has the time of its end by the
/// clock of that time, and the clock may have been set since.
bool engine_core::is_old(const run_state& s, std::int64_t keep) noexcept {
  auto due = time_.due(plus(s.closed(), keep), s.applied_lsn);
  if (time_.is_over(due)) return true;
  sweeps_.next = std::min(sweeps_.next, due);
  return false;
}

/// The next runs whose time is over, in the order in which they ended. Each is found once: what is
/// kept behind it is looked at again when a later run of its chain is found. If the clock was set
/// back since, the time of others behind them may be over too.
std::vector<std::uint64_t> engine_core::find_old(const std::string& name_space, std::int64_t keep) {
  std::vector<std::uint64_t> old, perhaps;
  auto& last = sweeps_.looked_to[name_space];
  auto from = keys::index_prefix(name_space, by_end), to = keys::end_of(from);
  if (!last.empty()) (from = last).push_back('\0');
  bool has_all = block_at_ == block_at::nowhere && ended_.empty();
  bool was_set_back = time_.history().shifts_back();
  auto shortest = keys::index_prefix(name_space, by_end).size() + 17;
  scan(*store_, {from, to}, [&](std::string_view key, std::string_view) {
    if (key.size() < shortest) {
      listener_.problem("a key of the index by end makes no sense; it is left alone");
      return true;
    }
    auto end = end_in(key), due = plus(end, keep);
    // One that ended before it may be on its way to the index: it must not be passed by.
    bool is_safe = has_all || end < sweeps_.ended_until;
    bool is_over = time_.is_over(due);
    if (!is_over || !is_safe || old.size() == swept_max)
      sweeps_.next = std::min(sweeps_.next, std::max(due, now_));
    if (!is_safe || old.size() == swept_max || (!is_over && !was_set_back)) return false;
    auto run = keys::last_number(key);
    if (is_over) last = key;
    if (!erased_.has(run)) (is_over ? old : perhaps).push_back(run);
    return true;
  });
  for (auto run : perhaps)
    if (auto r = load(run); r && is_old(r->state, keep)) old.push_back(run);
  return old;
}

/// The time of a run is over. It goes, and what is left of its chain; but of a chain that goes on
/// the latest runs stay, and what goes is behind those.
bool engine_core::sweep_behind(resident& r) {
  auto run = r.state.run;
  bool goes_on = r.state.next && is_there(r.state.next);
  std::vector<std::uint64_t> old;
  if (!goes_on) old.push_back(run);
  std::size_t kept = goes_on ? 1 : links_kept;
  for (auto below = run; (below = run_below(namespace_of(r.state), r.state.id, below)) != 0;) {
    if (below < r.state.first) break;
    if (kept < links_kept) ++kept;
    else old.push_back(below);
  }
  bool any = false;
  for (auto i = old.rbegin(); i != old.rend(); ++i) {  // the oldest first
    auto link = load(*i);
    if (!link) continue;  // it can't be read, and that is told
    if (erase_run(*link)) {
      any = true;
      continue;
    }
    sweeps_.busy.push_back(run);
    sweeps_.next = std::min(sweeps_.next, now_ + busy_pause_ms);
    break;
  }
  return any;
}

/// Whether there is such a run, readable or not.
bool engine_core::is_there(std::uint64_t run) {
  return in_memory(run) || (!erased_.has(run) && store_->get(keys::snapshot(run)));
}

}  // namespace detail

std::size_t client::erase(std::string_view id, erase_options o) {
  return core_->ask_without_room([&] { return core_->erase_id({0, name_space_, id}, o); });
}
void engine::retain(std::string_view name_space, duration d) { core_->retain(name_space, d); }

}}  // namespace stet::v0
