#include "execution/execution.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/crc32c.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {

namespace {

constexpr std::string_view entity_goes_on =
    "an entity can't be cancelled: a request that was taken by a program without its definition is "
    "ignored";

/// Rejects the run by an exception that isn't the workflow's own answer: thrown by a function that
/// is no coroutine yet, or because of a history that makes no sense.
void reject_by(replay_cursor& cursor, const std::exception_ptr& thrown) noexcept try {
  if (!cursor.is_well()) return;
  auto kind = stall_kind::accident;
  try {
    std::rethrow_exception(thrown);
  } catch (const malformed&) { kind = stall_kind::unreadable; } catch (...) {
  }
  cursor.reject(words_of(thrown), kind);
} catch (const std::bad_alloc&) { cursor.starve(); }

/// Rejects the run by an exception that has escaped its code, unless the exception ends the run, or
/// has ended it by its history. Returns whether the run is rejected.
bool parks(replay_cursor& cursor, const error_registry& errors, accident says,
           const std::exception_ptr& escaped) {
  const auto what = errors.escape_of(escaped);
  if (what == escape::answer || cursor.has_command_next()) return false;
  if (what == escape::undecodable) {
    cursor.reject(words_of(escaped) + "; a build that can read it lets the run go on",
                  stall_kind::undecodable);
    return true;
  }
  if (says == accident::fail) return false;
  const auto f = errors.describe(escaped);
  cursor.reject("its code threw " + f.type + ": " + f.message +
                    "; this exception isn't declared, so it is taken for a bug: a mended build "
                    "lets the run go on. If it is the run's answer, declare its type "
                    "(engine.define of a stet::error_type), or set accident to fail",
                stall_kind::accident);
  return true;
}

}  // namespace

execution::execution(definition& d, const error_registry& errors, execution_host* host,
                     run_number run, std::string_view id)
    : waiter(&root_ended),
      replay_cursor(run),
      commands(*this, replay_cursor),
      updates(*this),
      patches(replay_cursor),
      definition_(d),
      errors_(errors),
      host_(host),
      who_{run, std::string(id), crc32c(id)},
      context_(*this),
      top_(std::make_unique<scope>()) {
  top_->run_ = this;
  replay_cursor.compare = d.compare;
}

execution::~execution() {
  destroying inert(*this);
  host_ = nullptr;
  root_.reset();
  updates.clear();
  commands.clear();
}

std::coroutine_handle<> execution::root_ended(waiter& w) noexcept {
  static_cast<execution&>(w).root_done_ = true;
  return std::noop_coroutine();
}

// ---------------------------------------------------------------- driving

bool execution::deliver(const record& event, drive_output& out, std::string* payload) {
  replay_cursor.begin_drive(out);
  note_start(event);
  payload_limit limited(beginning_.payload_bytes_max, beginning_.limits_names);
  try {
    dispatch(event, payload);
    drain();
  } catch (const std::bad_alloc&) { replay_cursor.starve(); } catch (...) {
    reject_by(replay_cursor, std::current_exception());
  }
  replay_cursor.end();
  bool waits_for_nothing = !ended() && commands.empty() && replay_cursor.queued().empty();
  if (replay_cursor.is_well() && waits_for_nothing)
    replay_cursor.reject(
        "the workflow isn't finished and waits for nothing: it awaits something that isn't "
        "Stet's");
  return replay_cursor.is_well();
}

bool execution::drive_next(engine_time time, drive_output& out) {
  std::string bytes;
  return deliver(replay_cursor.take_queued(bytes, time), out);
}

bool execution::replay(std::string_view history, drive_output& work, std::size_t events_max,
                       bool may_pause) {
  if (replay_cursor.is_replaying()) replay_cursor.resume(&work);
  else replay_cursor.begin_replay(history, work);
  try {
    for (; replay_cursor.is_well() && events_max > 0; --events_max) {
      std::string bytes;  // bytes of an undriven event, while it drives
      auto event = replay_cursor.next_event(bytes);
      if (!event) break;
      note_start(*event);
      payload_limit limited(beginning_.payload_bytes_max, beginning_.limits_names);
      dispatch(*event);
      drain();
    }
  } catch (const std::bad_alloc&) { replay_cursor.starve(); } catch (...) {
    reject_by(replay_cursor, std::current_exception());
  }
  if (may_pause && events_max == 0 && replay_cursor.is_well()) (void)replay_cursor.suspend();
  else replay_cursor.end();
  return replay_cursor.is_well();
}

void execution::note_start(const record& event) noexcept {
  if (event.kind != record_kind::started) return;
  beginning_ = {event.payload_limit, (event.flags & flag::started::limits_names) != 0,
                event.related != no_run};
}

void execution::dispatch(const record& event, std::string* payload) {
  now_ = std::max(now_, event.time);
  replay_cursor.count_event();
  switch (event.kind) {
    case record_kind::started: start(event); break;
    case record_kind::cancel_requested:
      // An entity is cancelled by its parent only, or as an older build has recorded it.
      if (definition_.is_entity() && !beginning_.has_parent && !replay_cursor.has_command_next())
        log(entity_goes_on);
      else top_->cancel(event.name);
      break;
    case record_kind::signal:
      signals.add(event);
      commands.signal_came(event.name);
      break;
    case record_kind::update: updates.begin(event); break;
    default: commands.answer(event, payload);
  }
}

void execution::start(const record& event) {
  run_random.begin(event);
  try {
    root_ = definition_.begin(context_, event.payload);
  } catch (const error& e) {
    if (e.code() != errc::payload) throw;
    return replay_cursor.reject(
        "the arguments of workflow " + shown(event.name) + " don't decode: " + e.what(),
        stall_kind::undecodable);
  }
  if (root_->start({top_.get(), 0}, *this)) root_done_ = true;
}

void execution::drain() {
  auto& ready = replay_cursor.out().ready;
  do {
    for (std::size_t i = 0; i < ready.size() && replay_cursor.is_well() && !stops(); ++i)
      if (auto* w = std::exchange(ready[i].first, nullptr)) w->notify().resume();
    ready.clear();
  } while (replay_cursor.is_well() && !stops() &&
           (commands.meet_condition() || updates.begin_waiting()));
  {
    destroying inert(*this);  // a parameter's destructor can't ask for anything any more
    updates.drop_ended();
  }
  if (stops() && replay_cursor.is_well() && !ended()) finish();
}

/// Ends the run, or continues it as another.
void execution::finish() {
  updates.fail_all(continues_.has_value());  // if the run continues, waiting updates go over
  if (!continues_) return emit_end();
  continues_->run = replay_cursor.child_number(host_);
  replay_cursor.emit(
      commands::continued(continues_->run, continues_->workflow, continues_->arguments));
  ended_ = replay_cursor.is_well();
}

/// Emits the run's end, by the workflow's result or exception.
void execution::emit_end() {
  record end;
  std::string payload, path;
  failure f;
  try {
    if (commands.swallows())
      throw cancelled("the workflow went on after " +
                      std::to_string(command_table::refused_awaits_max) +
                      " awaits were refused because it was cancelled");
    root_->result(payload);
    check_payload("the workflow's result", "co_return", payload.size(), payload_limit::now());
    end.kind = record_kind::completed;
    end.payload = payload;
  } catch (const cancelled& c) {
    f.message = c.reason();
    end.kind = record_kind::ended_cancelled;
    end.name = f.message;
  } catch (const std::bad_alloc&) { return replay_cursor.starve(); } catch (...) {
    if (definition_.is_entity() && !replay_cursor.is_replaying())
      return replay_cursor.reject("the entity's own code threw, and its state would end with it: " +
                                      words_of(std::current_exception()),
                                  stall_kind::accident);
    if (parks(replay_cursor, errors_, definition_.accident, std::current_exception())) return;
    f = errors_.describe(std::current_exception());
    end.kind = record_kind::failed;
    end.code = errc::run_failed;
    set_failure(end, f, path);
  }
  replay_cursor.emit(end);
  ended_ = replay_cursor.is_well();
}

// ---------------------------------------------------------------- what operations call

void execution::must_run(std::string_view what) const {
  if (replay_cursor.is_driven()) return;
  throw error(errc::usage, what,
              "this is for the workflow's own code: not for the handlers of queries, and not for "
              "validators");
}

bool execution::continue_as(continued_as next, const v0::scope& s, std::string& refused) noexcept {
  if (s.is_cancelled()) {
    try {
      refused = *s.reason_;
    } catch (const std::bad_alloc&) { replay_cursor.starve(); }
    return false;
  }
  continues_ = std::move(next);
  return true;
}

void execution::log(std::string_view line) noexcept {
  if (!replay_cursor.is_replaying() && host_ && !is_inert()) host_->log(who_.id, line);
}

}}}  // namespace stet::v0::detail
