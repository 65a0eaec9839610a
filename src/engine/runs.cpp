// Runs in memory: found, loaded, made, their frames rebuilt and evicted.
#include <algorithm>

#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

resident* engine_core::in_memory(std::uint64_t run) noexcept {
  auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : found->second.get();
}

run_lease::run_lease(engine_core& e, resident& r) noexcept : engine_(&e), run_(&r) { ++r.leases; }
run_lease::~run_lease() {
  if (!run_ || --run_->leases > 0) return;
  if (run_->forgotten) delete run_;
  else engine_->let_rest(*run_);
}

/// No lease holds the run any more. Its frame may have been rebuilt for a call that only looked;
/// that of an attempt which is about to begin stays.
void engine_core::let_rest(resident& r) noexcept {
  if (r.frame && r.attempts.empty() && lru_.size() > options_.resident_runs_max)
    keep_within_residency(&r);
  drop_if_idle(r);
}

/// A run, from memory or from its snapshot. Empty if there is none, or if its snapshot can't be
/// read (and that is told).
run_lease engine_core::load(std::uint64_t run) {
  if (auto* r = in_memory(run)) return hold(*r);
  if (erased_.has(run)) return {};
  try {
    auto state = read_snapshot(*store_, run);
    if (!state) return {};
    auto r = std::make_unique<resident>();
    r->state = *std::move(state);
    r->unsaved_first = r->state.records;
    r->last_lsn = r->state.applied_lsn;
    // An open run is the latest of its id; one that has ended may not be, and the store knows.
    if (r->state.open()) ids_.emplace(id_key(namespace_of(r->state), r->state.id), run);
    return hold(*(runs_[run] = std::move(r)));
  } catch (const malformed& e) {
    listener_.problem("run " + std::to_string(run) +
                      " can't be read, and is left alone: " + e.what());
    return {};
  }
}

std::uint64_t engine_core::latest_run(std::string_view name_space, std::string_view id) {
  auto found = ids_.find(id_key(name_space, id));
  if (found != ids_.end()) return found->second;
  auto run = read_latest_run(*store_, name_space, id).value_or(0);
  while (run && erased_.has(run)) run = read_latest_run(*store_, name_space, id, run).value_or(0);
  return run;
}

/// A new run, as its first record says: what is missing there is filled in. Driven at once, unless
/// it is to be `undriven` or begins later.
run_lease engine_core::create(record start, bool undriven) {
  auto& r = *(runs_[start.run] = std::make_unique<resident>());
  auto held = hold(r);
  auto ns = start.name_space.empty() ? default_namespace : start.name_space;
  ids_[id_key(ns, start.target)] = start.run;
  r.resumed = true;
  start.kind = record_kind::started;
  start.time = now_;
  if (auto* newest = definitions_.newest(start.name)) start.version = newest->version;
  start.payload_limit = static_cast<std::uint32_t>(options_.payload_bytes_max);
  start.seed[0] = entropy_.bits();
  start.seed[1] = entropy_.bits();
  while (start.secret == hash_key{})  // which means none
    start.secret = {entropy_.secret_bits(), entropy_.secret_bits()};
  start.flags = record_flag::has_secret;
  if (undriven || start.begins_at) {
    start.flags |= record_flag::undriven;
    std::string bytes;
    encode(bytes, start);
    append(r, bytes);
    if (!start.begins_at) enqueue(r);
  } else {
    r.state.run = start.run;  // for messages, until its first record is folded
    drive(r, &start);
  }
  arm_ends(r);
  return held;
}

/// As it is stored, its payloads sealed.
std::string engine_core::stored_history_of(resident& r) {
  if (rides_in_block(r)) wait_for_commit();
  // Its last chunk is in a block that the store has no room for: neither here nor there.
  if (rides_in_block(r) && is_refused()) std::rethrow_exception(no_room());
  std::string history = read_history(*store_, r.state.run, r.unsaved_first);
  history += r.unsaved;
  return history;
}

/// Throws errc::payload if something in it can't be opened.
std::string engine_core::history_of(resident& r) {
  auto history = stored_history_of(r);
  payloads_.open_all(history, owner_of(r.state));
  return history;
}

/// Makes sure that the coroutine is there. False: it can't be, and the run is parked.
bool engine_core::ensure_frame(resident& r) {
  if (r.frame) return true;
  auto* d = definitions_.find(r.state.workflow, r.state.version);
  if (!d) {
    park(r, definitions_.why_missing(r.state.workflow, r.state.version));
    return false;
  }
  auto frame = std::make_unique<execution>(*d, errors_, this, r.state.run, r.state.id);
  try {
    auto history = history_of(r);
    drive_output work;
    in_workflow here(slots_, watchdog_, r.state.workflow, *frame, r.suspected);
    bool fits = frame->replay(history, work);
    if (!fits || !here.offence().empty()) {
      park(r, fits ? here.offence() : frame->problem());
      return false;
    }
  } catch (const malformed& e) {
    park(r, e.what());
    return false;
  } catch (const error& e) {
    if (e.code() != errc::payload) throw;
    park(r, e.what());
    return false;
  }
  r.frame = std::move(frame);
  touch(r);
  if (r.state.stalled) {
    record n;
    n.kind = record_kind::resumed;
    n.time = now_;
    note(r, n);
  }
  return true;
}

/// Not while a body runs, or may begin any moment, that refers to the frame.
bool engine_core::may_evict(const resident& r) const noexcept {
  return std::none_of(r.attempts.begin(), r.attempts.end(), [](const attempt* a) {
    return a->submitted && a->body->waits_for_body && a->at != attempt::phase::revoked;
  });
}

void engine_core::evict(resident& r) noexcept {
  if (!r.frame || !may_evict(r)) return;
  if (r.lru) lru_.erase(*std::exchange(r.lru, std::nullopt));
  r.frame.reset();
}

void engine_core::touch(resident& r) {
  if (r.lru) lru_.splice(lru_.end(), lru_, *r.lru);
  else r.lru = lru_.insert(lru_.end(), &r);
}

/// Frames go, those driven longest ago first. `kept` stays in memory, though its frame may go.
void engine_core::keep_within_residency(const resident* kept) noexcept {
  auto candidate = lru_.begin();
  for (auto excess = lru_.size() - std::min(lru_.size(), options_.resident_runs_max); excess > 0;
       --excess) {
    auto& r = **candidate++;
    evict(r);
    if (&r != kept) drop_if_idle(r);
  }
}

/// The store knows everything of it, and nothing of it is under way.
bool engine_core::is_idle(const resident& r) const noexcept {
  return r.leases == 0 && !r.frame && r.dirty_since == 0 && !r.queued && !rides_in_block(r) &&
         r.unsaved.empty() && r.attempts.empty() && r.waiters.empty() && r.updaters.empty() &&
         !r.suspected;
}

/// Takes a run out of memory, if it is idle. For leases, and for who knows that a lease has ended
/// before the run became idle.
void engine_core::drop_if_idle(resident& r) noexcept {
  if (r.frame && !r.state.open()) evict(r);
  if (!is_idle(r)) return;
  try {
    auto id = ids_.find(id_key(namespace_of(r.state), r.state.id));
    if (id != ids_.end() && id->second == r.state.run) ids_.erase(id);
  } catch (const std::bad_alloc&) { return; }  // it stays
  runs_.erase(r.state.run);
}

void engine_core::enqueue(resident& r) {
  if (r.queued) return;
  r.queued = true;
  ready_.push_back(r.state.run);
}

bool engine_core::drive_ready() {
  bool any = false;
  for (auto left = ready_.size(); left > 0 && !is_refused();
       --left) {  // what becomes ready meanwhile waits a turn
    auto run = ready_.front();
    ready_.pop_front();
    auto r = load(run);
    if (!r) continue;
    r->queued = false;
    any = true;
    if (r->state.open()) {
      if (!r->resumed) {
        resume(*r);
      } else {
        while (may_drive(*r) && ensure_frame(*r)) drive(*r, nullptr);
      }
    }
    relieve();
  }
  return any;
}

}  // namespace detail
}}  // namespace stet::v0
