// Runs in memory: found, loaded, made, their frames rebuilt and evicted.
#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/users_exception.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint32_t events_per_turn_max = 1024;  // by which one run is driven, in one turn
constexpr int secret_tries_max = 8;

/// Zero means that a run has none: where an entropy gives nothing else, the machine's is taken.
hash_key secret_of(entropy& e) {
  for (int i = 0; i < secret_tries_max; ++i)
    if (hash_key secret{e.secret_bits(), e.secret_bits()}; !(secret == hash_key{})) return secret;
  return {system_entropy().secret_bits(), system_entropy().secret_bits() | 1};
}

}  // namespace

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
/// read (and that is told): for whoever goes on without it. If it was owed something while it
/// couldn't be read, it gets that in a turn of its own.
run_lease engine_core::load(std::uint64_t run) {
  if (auto* r = in_memory(run)) return hold(*r);
  if (erased_.has(run)) return {};
  try {
    auto state = read_latest_snapshot(*store_, run);
    if (!state) return {};
    auto r = std::make_unique<resident>();
    r->state = *std::move(state);
    r->unsaved_first = r->state.records;
    r->last_lsn = r->state.applied_lsn;
    // An open run is the latest of its id; one that has ended may not be, and the store knows.
    if (r->state.open()) ids_.emplace(id_key(namespace_of(r->state), r->state.id), run);
    auto held = hold(*(runs_[run] = std::move(r)));
    if (unreadable_.owed.contains(run)) enqueue(*held);
    return held;
  } catch (const malformed& e) {
    listener_.problem("run " + std::to_string(run) +
                      " can't be read, and is left alone: " + e.what());
    return {};
  }
}

/// The same for whoever acts on what the run is: empty only if there is none. Throws
/// unreadable_run.
run_lease engine_core::must_read(std::uint64_t run, std::string_view id) {
  auto r = load(run);
  if (!r && is_there(run)) throw unreadable_run(run, id);
  return r;
}

std::uint64_t engine_core::latest_run(std::string_view name_space, std::string_view id) {
  auto found = ids_.find(id_key(name_space, id));
  if (found != ids_.end()) return found->second;
  auto run = read_latest_run(*store_, name_space, id).value_or(0);
  while (run && erased_.has(run)) run = read_latest_run(*store_, name_space, id, run).value_or(0);
  return run;
}

/// A new run, as its first record says: what is missing there is filled in. Driven at once, unless
/// it is to be `undriven` or begins later. Throws a users_exception if that record can't be sealed:
/// then there is no such run.
run_lease engine_core::create(record start, bool undriven) {
  ensure(start.run != 0 && !in_memory(start.run), "a new run has a number that no other has");
  ensure(is_on_loop(), "runs are made on the engine's thread");
  auto ns = start.name_space.empty() ? default_namespace : start.name_space;
  auto key = id_key(ns, start.target);
  auto held = hold(*(runs_[start.run] = std::make_unique<resident>()));
  auto before = std::exchange(ids_[key], start.run);
  held->state.run = start.run;  // for messages, until its first record is folded
  held->resumed = true;
  try {
    begin(*held, start, undriven);
  } catch (const users_exception&) {
    forget_run(*held);
    if (before) ids_[key] = before;
    else ids_.erase(key);
    throw;
  }
  arm_ends(*held);
  return held;
}

void engine_core::begin(resident& r, record start, bool undriven) {
  start.kind = record_kind::started;
  start.time = now_;
  if (auto* newest = definitions_.newest(start.name)) start.version = newest->version;
  start.payload_limit = static_cast<std::uint32_t>(options_.payload_bytes_max);
  start.seed[0] = entropy_.bits();
  start.seed[1] =
      entropy_.bits() + start.run;  // also of an entropy that repeats itself: see new_id
  start.secret = secret_of(entropy_);
  start.flags = record_flag::has_secret;
  bool is_suspected = suspects_.is_start_suspected(start.target);
  if (is_suspected) suspects_.add_code({.run = start.run, .use = use_of(start)});
  // A suspect drives when its start is durable, or there would be nothing to count its deaths on.
  if (undriven || start.begins_at || is_suspected) {
    start.flags |= record_flag::undriven;
    std::string bytes;
    encode(bytes, start);
    record_sealed(r, sealed(owner_of_new(start), 0, bytes));
    if (!start.begins_at) enqueue(r);
  } else {
    drive(r, &start);
  }
}

/// What is wrong with it was found in the midst of a turn.
void engine_core::hold_up(resident& r, const char* why) {
  if (r.state.open()) return park(r, why);
  listener_.problem("run " + shown(r.state.id) + " has ended, and can't be read: " + why);
}

/// As it is stored, its payloads sealed. What is in a block on its way is taken from memory, so
/// nothing waits for the store, and nothing fails while that refuses to write. Throws
/// errc::corrupt.
std::string engine_core::stored_history_of(resident& r) {
  std::string history;
  try {
    history = read_history(*store_, r.state.run, r.riding ? r.riding->first : r.unsaved_first);
  } catch (const malformed& e) { throw unreadable_history(r.state, e.what()); }
  if (r.riding && !STET_SEEDED(forget_riding)) history += r.riding->records;
  history += r.unsaved;
  return history;
}

/// What a replay needs of it is opened. Throws errc::corrupt, and errc::payload if something in it
/// can't be opened.
std::string engine_core::history_of(resident& r) {
  auto history = stored_history_of(r);
  try {
    payloads_.open_for_replay(history, owner_of(r.state));
  } catch (const malformed& e) { throw unreadable_history(r.state, e.what()); }
  return history;
}

/// Rebuilds a coroutine. Why its history doesn't fit it; nothing if it does.
std::optional<std::string> engine_core::replay(const run_state& s, execution& frame,
                                               std::string_view history) {
  drive_output work;
  auto who = enter_code(s, frame, {code_use::replays});
  in_workflow here(slots_, suspects_, watchdog_, s.workflow, frame, who);
  if (!frame.replay(history, work)) return frame.problem();
  if (!here.offence().empty()) return here.offence();
  return std::nullopt;
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
    const bool is_new = r.state.records == 1 && r.state.undriven == 1;  // none of its code has run
    if (is_new) frame->queue(std::move(history));
    else if (auto unfit = replay(r.state, *frame, history)) {
      (void)enter_code(r.state, *frame, {code_use::destroys});
      destroy(r.state, frame);
      park(r, *std::move(unfit));
      return false;
    }
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
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

/// One that is suspected of its destructors stays until what counts its deaths is durable.
void engine_core::evict(resident& r) noexcept {
  if (!r.frame || !may_evict(r)) return;
  auto who = occupant_of(r.state, *r.frame, {code_use::destroys});
  if (suspects_.is_suspected(who) && r.last_lsn > journal_.durable_lsn() && !is_refused()) return;
  if (r.lru) lru_.erase(*std::exchange(r.lru, std::nullopt));
  destroy(r.state, r.frame);
}

/// A frame that is of no use any more goes now, unless a body refers to it.
void engine_core::evict_at_last(resident& r) {
  if (r.frame) (void)enter_code(r.state, *r.frame, {code_use::destroys});
  evict(r);
}

/// The destructors of a frame are its run's own code: what they bring down, it has.
void engine_core::destroy(const run_state& s, std::unique_ptr<execution>& frame) noexcept {
  auto who = occupant_of(s, *frame, {code_use::destroys});
  if (suspects_.is_suspected(who)) who.tried = trial::alone;
  slot_guard here(slots_, who);
  frame.reset();
  suspects_.came_through(who);
}

void engine_core::touch(resident& r) {
  ensure(r.frame != nullptr, "a run that was driven has a frame");
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
         r.unsaved.empty() && r.attempts.empty() && r.waiters.empty() && r.updaters.empty();
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

/// Drives the run by the events that are there, and not by those that they bring: what it sends to
/// itself waits for another turn, as the other runs do.
void engine_core::drive_what_is_there(resident& r) {
  for (auto left = std::min(r.state.undriven, events_per_turn_max);
       left > 0 && may_drive(r) && ensure_frame(r); --left) {
    drive(r, nullptr);
    relieve();
  }
  if (may_drive(r)) enqueue(r);
}

/// Whoever closes waits no longer: what is ready is left to the next engine.
bool engine_core::is_close_over() const noexcept {
  return close_by_ && std::chrono::steady_clock::now() >= *close_by_;
}

bool engine_core::drive_ready() {
  bool any = false;
  for (auto left = ready_.size(); left > 0 && !is_refused() && !is_close_over();
       --left) {  // what becomes ready meanwhile waits a turn
    auto run = ready_.front();
    ready_.pop_front();
    auto r = load(run);
    if (!r) continue;
    r->queued = false;
    any = true;
    for_run(*r, [&] {
      if (!r->resumed && unreadable_.owed.contains(run)) pay_debts(*r);
      if (!r->state.open()) return;
      if (!r->resumed) return resume(*r);
      drive_what_is_there(*r);
    });
    relieve();
  }
  return any;
}

}  // namespace detail
}}  // namespace stet::v0
