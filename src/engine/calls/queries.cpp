#include "engine/calls/queries.hpp"

#include <algorithm>
#include <utility>

#include "base/users_exception.hpp"
#include "engine/calls/calls_room.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t events_in_a_turn_max = 500;  // of a replay; then the loop does something else

/// How many events of a history drove the run.
std::size_t driving_events(std::string_view history) {
  std::size_t n = 0;
  for (source in(history); !in.done();) {
    auto r = decode_record(in);
    n += r.kind == record_kind::driven || (is_event(r.kind) && !(r.flags & flag::event::undriven) &&
                                           r.kind != record_kind::terminated);
  }
  return n;
}

}  // namespace

answer<std::string> queries::ask(run_ref target, std::string_view name,
                                 std::string_view arguments) {
  slow_question q;
  auto lsn = no_lsn;
  while (!q.text) lsn = go_on(target, name, arguments, q).lsn;
  return {*std::move(q.text), lsn};
}

answer<void> queries::go_on(run_ref target, std::string_view name, std::string_view arguments,
                            slow_question& q) {
  try {
    auto lsn = do_part(target, name, arguments, q);
    if (q.text) replays_.erase(q.replay);
    return {lsn};
  } catch (...) {
    replays_.erase(q.replay);
    throw;
  }
}

/// Returns the LSN on which the answer depends.
record_lsn queries::do_part(run_ref target, std::string_view name, std::string_view arguments,
                            slow_question& q) {
  run_lease r;
  if (q.replay) {
    auto run = replays_.at(q.replay).run;
    r = e_.runs.finder.must_find({run.value(), target.name_space, target.id});
  } else {
    std::string text;
    if (target.run == 0 && e_.drive.entities.answer_as_new(target, name, arguments, text)) {
      q.text = std::move(text);
      return everything;
    }
    r = revival_.must_find_last(target);
    revival_.must_have_begun(*r, errc::not_found, "query", name);
    if (r->state.open()) r = revival_.drive_to_now(std::move(r));
    if (r->state.open()) {
      q.text = ask_open(*r, name, arguments);
      return r->last_lsn;
    }
    begin_ended(*r, name, arguments, q);
  }
  go_on_ended(*r, name, arguments, q);
  return r->last_lsn;
}

std::string queries::ask_open(resident& r, std::string_view name, std::string_view arguments) {
  std::string text;
  auto who = e_.drive.entry.enter(r.state, *r.frame,
                                  {code_use::answers_query, no_command, checksum_of(name)});
  auto thrown = thrown_by_user([&] {
    in_workflow here(e_.services.crash_slots, e_.runs.suspects, e_.services.watchdog,
                     r.state.workflow, *r.frame, who);
    here.may_do_anything();
    text = r.frame->updates.answer_query(name, arguments);
  });
  e_.runs.frames.evict_after_use(r);
  if (thrown) throw users_exception(thrown);
  return text;
}

/// Begins to replay the run as far as its variables exist.
void queries::begin_ended(resident& r, std::string_view name, std::string_view arguments,
                          slow_question& q) {
  std::erase_if(replays_, [](auto& replay) { return replay.second.asks.expired(); });
  replay_of_ended begun;
  begun.run = r.state.run;
  begun.asks = q.asks;
  begun.history = e_.runs.history.opened(r);
  begun.shadow = e_.drive.frames.make_shadow(r.state);
  if (r.state.status == status::completed) begun.shadow->updates.answer_at_return(name, arguments);
  else if (r.state.status == status::failed ||
           (r.state.status == status::cancelled && !r.state.begins_at))
    begun.events_left = driving_events(begun.history) - 1;  // the last destroyed its variables
  q.replay = ++last_replay_;
  replays_.emplace(q.replay, std::move(begun));
}

/// Replays another part of the run. Where the replay ends the question is asked.
void queries::go_on_ended(resident& r, std::string_view name, std::string_view arguments,
                          slow_question& q) {
  auto& [run, asks, history, work, events_left, frame] = replays_.at(q.replay);
  auto& shadow = *frame;
  in_workflow here(e_.services.crash_slots, e_.runs.suspects, e_.services.watchdog,
                   r.state.workflow, shadow,
                   e_.drive.entry.enter(r.state, shadow, {code_use::replays}));
  here.may_do_anything();
  const auto part = std::min(events_left, events_in_a_turn_max);
  if (!shadow.replay(history, work, part, part < events_left))
    throw error(errc::run_stalled, r.state.id,
                "the run '" + r.state.id +
                    "' has ended, and today's code doesn't fit its history: " + shadow.problem());
  if (shadow.replay_cursor.is_replaying()) {
    if (events_left != SIZE_MAX) events_left -= part;
    return;
  }
  q.text = call_user([&] {
    auto text = shadow.updates.answered_at_return();
    return text ? *std::move(text) : shadow.updates.answer_query(name, arguments);
  });
}

}}}  // namespace stet::v0::detail
