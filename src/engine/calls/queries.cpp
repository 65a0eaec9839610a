#include "engine/calls/queries.hpp"

#include <utility>

#include "base/users_exception.hpp"
#include "engine/calls/calls_room.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

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
  std::string text;
  if (target.run == 0 && e_.drive.entities.answer_as_new(target, name, arguments, text))
    return {std::move(text), everything};
  auto r = revival_.must_find_last(target);
  revival_.must_have_begun(*r, errc::not_found, "query", name);
  if (r->state.open()) r = revival_.drive_to_now(std::move(r));
  text = r->state.open() ? ask_open(*r, name, arguments) : ask_ended(*r, name, arguments);
  return {std::move(text), r->last_lsn};
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

/// Replays the run as far as its variables exist, and asks there.
std::string queries::ask_ended(resident& r, std::string_view name, std::string_view arguments) {
  auto shadow = e_.drive.frames.make_shadow(r.state);
  auto history = e_.runs.history.opened(r);
  auto events = SIZE_MAX;
  if (r.state.status == status::completed) shadow->updates.answer_at_return(name, arguments);
  else if (r.state.status == status::failed ||
           (r.state.status == status::cancelled && !r.state.begins_at))
    events = driving_events(history) - 1;  // the last event destroyed its variables
  drive_output work;
  in_workflow here(e_.services.crash_slots, e_.runs.suspects, e_.services.watchdog,
                   r.state.workflow, *shadow,
                   e_.drive.entry.enter(r.state, *shadow, {code_use::replays}));
  here.may_do_anything();
  if (!shadow->replay(history, work, events))
    throw error(errc::run_stalled, r.state.id,
                "the run '" + r.state.id +
                    "' has ended, and today's code doesn't fit its history: " + shadow->problem());
  return call_user([&] {
    auto text = shadow->updates.answered_at_return();
    return text ? *std::move(text) : shadow->updates.answer_query(name, arguments);
  });
}

answer<std::string> perform(calls_room& e, const query_run& c) {
  return e.queries.ask(c.target, c.name, c.arguments);
}

}}}  // namespace stet::v0::detail
