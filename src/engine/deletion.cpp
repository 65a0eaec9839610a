// Runs that go: because somebody says so, or because they ended long ago. What goes is the
// snapshot, the history and every index entry, in one commit; a record of run 0 in the same block
// says so to whoever reads what older blocks have of the run.
#include <algorithm>
#include <unordered_set>

#include "base/shown.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

constexpr std::size_t swept_max = 100;          // runs of a namespace in one turn
constexpr std::int64_t busy_pause_ms = 60'000;  // what can't go now is tried again then

/// The time in a key of the index by end.
std::int64_t end_in(std::string_view key) {
  if (key.size() < 17) throw malformed("a key of the index by end is too short");
  source in(key.substr(key.size() - 16));
  return static_cast<std::int64_t>(in.big_endian() ^ (1ull << 63));
}

}  // namespace

/// Takes a run that has ended out of the store and out of memory. False: a body of it still runs.
bool engine_core::erase_run(resident& r) {
  if (!r.attempts.empty()) return false;
  slice(r);
  erase_checkpoints(journal_.riders(), r.state, counters_);
  erase_blobs(r.state);
  record n;
  n.kind = record_kind::erased;
  n.time = now_;
  n.related = r.state.run;
  std::string bytes;
  encode(bytes, n);
  answer_lsn_ = journal_.append(bytes, 1);
  erased_.add(r.state.run);
  forget_run(r);
  return true;
}

void engine_core::forget_run(resident& r) {
  evict(r);
  auto id = ids_.find(id_key(namespace_of(r.state), r.state.id));
  if (id != ids_.end() && id->second == r.state.run) ids_.erase(id);
  auto gone = runs_.extract(r.state.run);
  if (r.leases > 0) gone.mapped().release()->forgotten = true;
}

/// The runs of an id, and if that is asked for those that they started, and so on.
std::vector<std::uint64_t> engine_core::family_of(run_ref of, bool with_children) {
  std::vector<std::uint64_t> family;
  std::unordered_set<std::uint64_t> seen;
  auto add_all_of = [&](std::string_view name_space, std::string_view id) {
    for (auto run = latest_run(name_space, id); run;
         run = read_latest_run(*store_, name_space, id, run).value_or(0))
      if (!erased_.has(run) && seen.insert(run).second) family.push_back(run);
  };
  add_all_of(of.name_space, of.id);
  for (std::size_t i = 0; with_children && i < family.size(); ++i) {
    auto r = load(family[i]);
    if (!r) continue;
    auto history = stored_history_of(*r);
    std::vector<std::string> children;
    for (source in(history); !in.done();) {
      auto rec = decode_record(in);
      auto child = rec.kind == record_kind::child ? load(rec.related) : run_lease();
      if (child) children.push_back(child->state.id);  // else it never began, or has gone
    }
    for (auto& id : children) add_all_of(of.name_space, id);
  }
  return family;
}

std::size_t engine_core::erase_id(run_ref of, erase_options o) {
  auto family = family_of(of, o.children);
  if (family.empty()) (void)must_find(of);  // throws
  for (auto run : family) {
    auto r = must_find({run, of.name_space, of.id});
    if (r->state.open() && o.terminate) terminate(*r, "it is erased");
    auto busy = r->state.open() ? "is open: let it end, or erase it with erase_options::terminate"
                : r->attempts.empty() ? nullptr
                                      : "has ended, but the body of a step of it still runs";
    if (busy) throw error(errc::conflict, of.id, "the run " + shown(r->state.id) + " " + busy);
  }
  for (auto run : family) {
    auto r = must_find({run, of.name_space, of.id});
    erase_run(*r);
  }
  return family.size();
}

// ---------------------------------------------------------------- retention

void engine_core::retain(std::string_view name_space, duration d) {
  if (phase_ != phase::made)
    throw error(errc::usage, name_space, "retention is set before the engine is started");
  if (d < duration{}) throw error(errc::usage, name_space, "a retention must not be negative");
  retention_[std::string(name_space)] = d;
}

std::int64_t engine_core::retention_of(std::string_view name_space) const noexcept {
  auto own = retention_.find(name_space);
  return (own == retention_.end() ? options_.retention : own->second).count();
}

/// A run has ended: when is it to go?
void engine_core::plan_sweep(const run_state& s) noexcept {
  auto due = INT64_MAX;
  auto keep = retention_of(namespace_of(s));
  if (keep > 0 && !__builtin_add_overflow(s.closed(), keep, &due))
    next_sweep_ = std::min(next_sweep_, due);
}

/// Erases what has been kept long enough, some of it at a time.
bool engine_core::sweep() {
  if (now_ < next_sweep_ || is_refused()) return false;
  next_sweep_ = INT64_MAX;
  std::set<std::string> names;
  for (auto& [key, n] : counters_.all()) names.insert(std::get<0>(key));
  bool any = false;
  for (auto& name : names)
    if (auto keep = retention_of(name); keep > 0) any |= sweep(name, keep);
  return any;
}

bool engine_core::sweep(const std::string& name_space, std::int64_t keep) {
  std::vector<std::uint64_t> old;
  auto from = keys::index_prefix(name_space, by_end), to = keys::end_of(from);
  scan(*store_, {from, to}, [&](std::string_view key, std::string_view) {
    auto due = INT64_MAX;
    (void)__builtin_add_overflow(end_in(key), keep, &due);
    if (due > now_ || old.size() == swept_max) {
      next_sweep_ = std::min(next_sweep_, std::max(due, now_));
      return false;
    }
    if (auto run = keys::last_number(key); !erased_.has(run)) old.push_back(run);
    return true;
  });
  bool any = false;
  for (auto run : old) {
    auto r = load(run);
    if (r && erase_run(*r)) any = true;
    else next_sweep_ = std::min(next_sweep_, now_ + busy_pause_ms);
    relieve();
  }
  return any;
}

}  // namespace detail

std::size_t client::erase(std::string_view id, erase_options o) {
  return core_->ask([&] { return core_->erase_id({0, name_space_, id}, o); });
}
void engine::retain(std::string_view name_space, duration d) { core_->retain(name_space, d); }

}}  // namespace stet::v0
