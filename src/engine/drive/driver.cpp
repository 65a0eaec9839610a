#include "engine/drive/driver.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/users_exception.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint32_t events_per_turn_max = 1024;  // for one run, in one turn

/// `records` must have at least one record.
record last_record(std::string_view records) {
  record last;
  for (source in(records); !in.done();) last = decode_record(in);
  return last;
}

}  // namespace

driver::driver(services& s, journal& j, time_room& t, run_room& r, recorder& rec, commit_line& c,
               step_desk& d, run_host& h, code_entry& entry, waiting_calls& w, staller& st,
               frame_maker& f, births& b, successor& next, outgoing& m, ending& e) noexcept
    : services_(s),
      journal_(j),
      time_(t),
      runs_(r),
      recorder_(rec),
      commit_(c),
      desk_(d),
      host_(h),
      entry_(entry),
      waiting_calls_(w),
      staller_(st),
      frames_(f),
      births_(b),
      successor_(next),
      outgoing_(m),
      ending_(e) {}

void driver::take_event(resident& r, record e, sealed_writes writes, std::string* payload) {
  if (!r.state.open()) return;
  e.run = r.state.run;
  e.time = time_.now();
  runs_.frames.evict_after_use(r);  // also if a query has used it
  if (STET_RARELY("evict")) runs_.frames.evict(r);
  if (!r.state.stalled && r.state.undriven == 0 && frames_.ensure_frame(r))
    return drive(r, &e, std::move(writes), payload);
  recorder_.post_event(r, e, std::move(writes));
}

void driver::take_event_surely(resident& r, record e) {
  recorder_.surely(e, [&](const record& some) { take_event(r, some); });
}

bool driver::may_drive(const resident& r) const noexcept {
  return r.state.open() && !r.state.stalled && r.state.undriven > 0 &&
         time_.clock.is_over(time_.due.begin_of(r.state));
}

run_lease driver::create_and_drive(record start) {
  return births_.create(start, false, [&](resident& r, record& begun) { drive(r, &begun, {}); });
}

/// Drives the run by `event`, or if that is null by the oldest undriven event. Records the event
/// and the commands that it brought; if the run can't go on, records the event alone, and stalls
/// the run. Throws a users_exception if the event can't be sealed: then nothing has happened.
void driver::drive(resident& r, record* event, sealed_writes writes, std::string* payload) {
  failpoint("before drive");
  ensure(recorder_.is_on_loop(), "runs are driven on the engine's thread");
  ensure(event || r.state.undriven > 0, "what drives a run is an event");
  ensure(r.state.records == 0 || r.state.open(), "only an open run is driven");
  if (!event && r.frame->replay_cursor.queued().empty())
    return staller_.stall(r, "an event should drive that isn't there", stall_kind::unreadable);
  std::string queued;
  std::optional<record> oldest;
  if (!event) oldest = r.frame->replay_cursor.take_queued(queued, time_.now());
  const record& by = event ? *event : *oldest;
  out_.clear();
  host_.driven_at = by.time;
  sealed_.clear();
  plain_.clear();
  if (event) encode(plain_, *event);
  else encode(plain_, notes::driven(by.time), r.state.run);
  auto of = r.state.records ? owner_of(r.state) : owner_of_new(*event);
  auto sealed_event = recorder_.seal(of, r.state.records, plain_);
  const bool is_plain = sealed_event.data() == plain_.data();
  sealed_ += sealed_event;
  if (!r.frame) r.frame = frames_.make_new(*event, r.state.run);  // the run is new
  if (!deliver(r, event, by, payload) || !seal_commands(r, of) || !successor_.begin(r, sealed_)) {
    if (event) keep_undriven(r, sealed_, std::move(writes));
    return staller_.stall(r, r.frame->problem(), r.frame->replay_cursor.problem_kind());
  }
  if (payload) event->payload = {};  // the code may have it
  recorder_.record_sealed(r, sealed_, std::move(writes), is_plain ? event : nullptr);
  failpoint("after drive");
  after_drive(r);
}

/// Gives the event to the coroutine. Returns false if the coroutine can't go on: its frame says
/// why.
bool driver::deliver(resident& r, const record* event, const record& by, std::string* payload) {
  auto& workflow = r.state.workflow;
  auto who = entry_.enter(r.state, *r.frame, use_of(by));
  in_workflow here(services_.crash_slots, runs_.suspects, services_.watchdog,
                   workflow.empty() ? by.name : workflow, *r.frame, who);
  if (!r.frame->deliver(by, out_, payload) || !check_determinism(r, event)) return false;
  if (here.offence().empty()) return true;
  r.frame->replay_cursor.reject(here.offence());
  return false;
}

/// Adds the commands of a drive to its event. Returns false if they can't be sealed, or don't fit
/// into one commit: then the run goes no further.
bool driver::seal_commands(resident& r, const payload_owner& of) {
  auto event_bytes = sealed_.size();
  try {
    sealed_ += recorder_.seal(of, r.state.records + 1, out_.records);
  } catch (const users_exception& e) {
    sealed_.resize(event_bytes);
    r.frame->replay_cursor.reject(words_of(e.thrown()), stall_kind::refused);
    return false;
  }
  if (sealed_.size() > journal_.event_bytes_max()) {
    r.frame->replay_cursor.reject(
        "what it asks for by one event has " + std::to_string(sealed_.size()) +
            " bytes, and one commit takes " + std::to_string(journal_.event_bytes_max()) +
            ": ask for less at a time (map_options::concurrency), or keep() what is long",
        stall_kind::refused);
    sealed_.resize(event_bytes);
    return false;
  }
  return true;
}

/// Records an event that should have driven the run, and couldn't. The event is sealed.
void driver::keep_undriven(resident& r, std::string_view event, sealed_writes writes) {
  source in(event);
  auto undriven = decode_record(in);
  undriven.flags |= flag::event::undriven;
  std::string bytes;
  encode(bytes, undriven);
  recorder_.record_sealed(r, bytes, std::move(writes));
}

/// At intervals, replays the whole history and compares. The interval grows with the history, so
/// that the cost of a step doesn't.
bool driver::check_determinism(resident& r, const record* event) {
  std::uint64_t interval = services_.options.replay_check_interval;
  if (interval == 0) return true;
  if (interval > 1) interval = std::max(interval, r.state.records * 2 / 5);
  if (++events_since_check_ < interval) return true;
  events_since_check_ = 0;
  std::string history;
  try {
    history = runs_.history.opened(r);
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    if (e.code() == errc::payload) return true;  // it can't be opened now, so nothing can be said
    r.frame->replay_cursor.reject(e.what(), stall_kind::unreadable);
    return false;
  }
  history += plain_;
  history += out_.records;
  auto* d = r.state.records ? services_.definitions.find(r.state.workflow, r.state.version)
                            : services_.definitions.find(event->name, event->version);
  execution shadow(*d, services_.errors, nullptr, r.state.run, r.frame->id());
  // Code of an earlier build may have recorded other arguments before that.
  shadow.replay_cursor.everything_after = r.frame->replay_cursor.replayed;
  drive_output work;
  if (shadow.replay(history, work) || shadow.replay_cursor.starved()) return true;
  r.frame->replay_cursor.reject(
      "the workflow isn't deterministic; a replay right after the event differs: " +
      shadow.problem());
  return false;
}

void driver::after_drive(resident& r) {
  runs_.frames.mark_used(r);
  waiting_calls_.tell_updated(r, out_.updated);
  // The run's code came through, so it isn't what always brings the process down.
  if (r.state.crashes && r.state.open() && !runs_.suspects.has_code_of(r.state.run))
    recorder_.append_note(r, notes::suspect(no_command, 0));
  // The next drive overwrites out_. So other runs are only recorded here, and driven later.
  for (auto& i : out_.begun)
    if (i.what) set_going(r, i);
  if (!r.state.open()) ending_.end_run(r, last_record(out_.records));
  ending_.settle_children();
  if (services_.options.resident_runs_max == 0) runs_.frames.evict_after_use(r);
  else runs_.table.keep_within_residency();
}

/// Carries out a command that the run has just emitted. Children are started and messages are sent
/// even if the same event has ended the run, since it asked for them before. The body of a step
/// doesn't begin then.
void driver::set_going(resident& r, const intent& i) {
  if (STET_SEEDED(drop_last_intents) && !r.state.open()) return;
  auto& q = *i.what;
  if (q.kind == wait_kind::child) outgoing_.start_child(r, q, i.child);
  else if (q.kind == wait_kind::message) outgoing_.send(r, q);
  else if (auto* p = r.state.find(i.command)) desk_.begin_step(r, q, p->attempt);
}

void driver::drive_what_is_there(resident& r) {
  for (auto left = std::min(r.state.undriven, events_per_turn_max);
       left > 0 && may_drive(r) && frames_.ensure_frame(r); --left) {
    drive_next(r);
    commit_.commit_if_full();
  }
  if (may_drive(r)) runs_.agenda.add(r);
}

}}}  // namespace stet::v0::detail
