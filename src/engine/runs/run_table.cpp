#include "engine/runs/run_table.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/ensure.hpp"
#include "engine/services/failures.hpp"
#include "journal/checkpoint.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

// ---------------------------------------------------------------- leases

run_lease::run_lease(run_table& t, resident& r) noexcept : table_(&t), run_(&r) { ++r.leases; }
run_lease::~run_lease() {
  if (!run_ || --run_->leases > 0) return;
  if (run_->forgotten) delete run_;
  else table_->release(*run_);
}

/// The last lease of the run has ended. Its frame may have been rebuilt for a call that only
/// looked. The frame stays if an attempt is about to begin: the latest attempt waits in the gate.
void run_table::release(resident& r) noexcept {
  if (r.frame && frames_.size() > services_.options.resident_runs_max &&
      (r.attempts.empty() || r.attempts.back()->ticket.submitted)) {
    if (services_.options.resident_runs_max == 0) frames_.evict_after_use(r);
    else keep_within_residency(&r);
  }
  drop_if_idle(r);
}

// ---------------------------------------------------------------- find

resident* run_table::find(run_number run) noexcept {
  auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : found->second.get();
}

run_lease run_table::load(run_number run) {
  if (auto* r = find(run)) return hold(*r);
  if (erased.has(run)) return {};
  try {
    auto state = read(run);
    if (!state) return {};
    auto r = std::make_unique<resident>();
    r->state = *std::move(state);
    r->unsaved_first = r->state.records;
    r->last_lsn = r->state.applied_lsn;
    // An open run is the latest of its id. One that has ended may not be; then the store knows.
    if (r->state.open()) ids_.emplace(id_key(namespace_of(r->state), r->state.id), run);
    auto held = hold(*(runs_[run] = std::move(r)));
    if (unreadable_.owed.contains(run)) agenda_.add(*held);
    return held;
  } catch (const malformed& e) {
    services_.reporter.report_of_run(
        event_kind::run_unreadable,
        "run " + std::to_string(run.value()) + " can't be read, and is left alone: " + e.what(),
        run);
    return {};
  }
}

run_lease run_table::must_read(run_number run, std::string_view id) {
  auto r = load(run);
  if (!r && exists(run)) throw unreadable_run(run, id);
  return r;
}

bool run_table::exists(run_number run) {
  return find(run) || (!erased.has(run) && services_.store.get(keys::snapshot(run)));
}

std::optional<run_state> run_table::peek(run_number run) {
  if (erased.has(run)) return std::nullopt;
  try {
    return read_snapshot(services_.store, run);
  } catch (const malformed&) { return std::nullopt; }  // reported when it is loaded
}

std::optional<run_state> run_table::read(run_number run) {
  return read_latest_snapshot(services_.store, run);
}

run_number run_table::latest(std::string_view name_space, std::string_view id) {
  const auto key = id_key(name_space, id);
  auto found = ids_.find(key);
  if (found != ids_.end()) return found->second;
  return std::max(latest_written(name_space, id, run_number::max()),
                  latest_earlier(key, run_number::max()));
}

run_number run_table::latest_below(std::string_view name_space, std::string_view id,
                                   run_number below) {
  const auto key = id_key(name_space, id);
  auto here = latest_earlier(key, below);
  auto found = ids_.find(key);
  if (found != ids_.end() && found->second < below && !erased.has(found->second))
    here = std::max(here, found->second);
  return std::max(latest_written(name_space, id, below), here);
}

/// The latest run of an id as the store knows it.
run_number run_table::latest_written(std::string_view name_space, std::string_view id,
                                     run_number below) {
  do below = read_latest_run(services_.store, name_space, id, below).value_or(no_run);
  while (below && erased.has(below));
  return below;
}

/// The same among the runs in memory that are not the latest of their id.
run_number run_table::latest_earlier(const std::string& key, run_number below) const {
  run_number latest;
  auto found = earlier_.find(key);
  if (found == earlier_.end()) return latest;
  for (auto run : found->second)
    if (run < below && !erased.has(run)) latest = std::max(latest, run);
  return latest;
}

// ---------------------------------------------------------------- add and forget

resident& run_table::add(run_number run) { return *(runs_[run] = std::make_unique<resident>()); }

run_number run_table::set_latest(const std::string& key, run_number run) {
  auto& latest = ids_[key];
  if (latest) earlier_[key].push_back(latest);
  return std::exchange(latest, run);
}

void run_table::restore_latest(const std::string& key, run_number run) {
  if (!run) {
    ids_.erase(key);
    return;
  }
  ids_[key] = run;
  unlist_earlier(key, run);
}

void run_table::note_latest(const resident& r) {
  const auto key = id_key(namespace_of(r.state), r.state.id);
  auto& latest = ids_[key];
  if (latest == r.state.run) return;
  if (latest) earlier_[key].push_back(std::min(latest, r.state.run));
  latest = std::max(latest, r.state.run);
}

void run_table::unlist_earlier(const std::string& key, run_number run) {
  auto found = earlier_.find(key);
  if (found == earlier_.end()) return;
  std::erase(found->second, run);
  if (found->second.empty()) earlier_.erase(found);
}

/// The run goes from memory. From now on its id is looked up in the store.
void run_table::unlist(const resident& r) {
  const auto key = id_key(namespace_of(r.state), r.state.id);
  auto latest = ids_.find(key);
  if (latest != ids_.end() && latest->second == r.state.run) ids_.erase(latest);
  unlist_earlier(key, r.state.run);
}

void run_table::forget(resident& r) {
  ensure(!r.frame && !r.lru, "a run that goes from memory has no frame");
  unlist(r);
  auto gone = runs_.extract(r.state.run);
  if (r.leases > 0) gone.mapped().release()->forgotten = true;
}

void run_table::clear() noexcept {
  frames_.clear();
  runs_.clear();
  ids_.clear();
  earlier_.clear();
}

// ---------------------------------------------------------------- let go

void run_table::keep_within_residency(const resident* kept) noexcept {
  for (auto excess = frames_.excess(); excess > 0; --excess) {
    auto& r = *frames_.by_use().front();
    frames_.evict(r);  // if it can't go now, it isn't the first one any more
    if (&r != kept) drop_if_idle(r);
  }
}

bool run_table::is_idle(const resident& r) const noexcept {
  return r.leases == 0 && !r.frame && !r.dirty_since && !r.queued && !rides_in_block(r) &&
         r.unsaved.empty() && r.attempts.empty() && r.waiting_calls.empty() && r.updaters.empty() &&
         r.watchers.empty();
}

void run_table::drop_if_idle(resident& r) noexcept {
  if (r.frame && !r.state.open()) frames_.evict(r);
  if (!is_idle(r)) return;
  try {
    unlist(r);
  } catch (const std::bad_alloc&) { return; }  // the run stays in memory
  runs_.erase(r.state.run);
}

}}}  // namespace stet::v0::detail
