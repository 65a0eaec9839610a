#include "engine/drive/successor.hpp"

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "execution/sent.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// The fate of an event that a run was sent and has not seen, when another run continues it.
enum class fate {
  over,     // it answers a command of the run, and that ends with the run
  carried,  // it goes over to the next run
  refused,  // no run can read it any more
};

/// A run that ends for good owes nothing for signals, cancellations and answers to its own
/// commands. Callers of its updates get the error that it has ended: see ending::end_run.
fate fate_of(record_kind unseen) {
  const bool is_lost = unseen == record_kind::cancel_requested ? STET_SEEDED(forget_owed_cancel)
                                                               : STET_SEEDED(lose_unread);
  switch (unseen) {
    case record_kind::signal:
    case record_kind::update:
    case record_kind::cancel_requested: return is_lost ? fate::over : fate::carried;
    case record_kind::promise_resolved:
    case record_kind::promise_rejected: return fate::refused;
    case record_kind::started:
    case record_kind::step_done:
    case record_kind::step_failed:
    case record_kind::timer_fired:
    case record_kind::child_done:
    case record_kind::child_failed:
    case record_kind::body_returned:
    case record_kind::message_done:
    case record_kind::message_failed: return fate::over;
    default: throw malformed("a record '" + std::string(to_text(unseen)) + "' is no event");
  }
}

}  // namespace

bool successor::begin(resident& r, std::string_view driven) {
  if (!r.frame->continues()) return true;
  // The records of this drive aren't recorded yet; if it is the first drive, the start isn't,
  // either.
  auto after = recorder_.state_after(r.state, driven);
  auto here = journal_.here();
  std::string why;
  try {
    continue_run(r, after);
    return true;
  } catch (const users_exception& e) { why = words_of(e.thrown()); } catch (const error& e) {
    if (e.code() != errc::payload) throw;
    why = e.what();
  }
  journal_.go_back(here);
  if (auto* next = runs_.table.find(r.frame->continues()->run)) entry_.forget_run(*next);
  (void)runs_.table.set_latest(id_key(namespace_of(after), after.id), after.run);
  r.frame->replay_cursor.reject(why, stall_kind::refused);
  return false;
}

/// `s`: the state of the run at its end. Throws if something can't be sealed or opened: then
/// begin() takes back everything that was recorded.
void successor::continue_run(resident& r, const run_state& s) {
  if (s.run_timeout) time_.clock.look();  // it counts from now
  auto& next = *r.frame->continues();
  ensure(next.run > s.run && s.run >= s.first, "the numbers of a chain rise");
  record start;
  start.run = next.run;
  start.related = s.parent;
  start.command = s.parent_command;
  start.name = next.workflow;
  start.target = s.id;
  start.payload = next.arguments;
  start.first = s.first;
  start.previous = s.run;
  start.run_timeout = s.run_timeout;
  start.execution_deadline = s.execution_deadline;
  start.name_space = s.name_space;
  std::string memo, details;
  if (s.about) {
    memo = services_.payloads.open(s.about->memo, owner_of(s),
                                   {record_kind::started, payload_field::memo});
    details = services_.payloads.open(s.about->details, owner_of(s),
                                      {record_kind::started, payload_field::details});
    start.attributes = s.about->attributes;
  }
  start.memo = memo;
  start.details = details;
  auto created = births_.create(start);
  auto updates = hand_over(r, s.id, *created);
  // Nothing after this fails.
  waiting_calls::move_updaters(r, *created, updates);
  runs_.sent.remember(*r.frame, s);
}

/// Gives the unseen events to the next run. Returns the ids of the updates among them.
std::vector<std::string> successor::hand_over(resident& r, std::string_view id, resident& next) {
  std::vector<std::string> updates;
  const auto begun = journal_.here();
  for (auto& bytes : unseen(*r.frame)) {
    source in(bytes);
    auto e = decode_record(in);
    switch (fate_of(e.kind)) {
      case fate::over: break;
      case fate::carried:
        if (e.kind == record_kind::update) {
          e.flags = flag::update::unasked | (e.flags & flag::update::unnamed);
          updates.emplace_back(e.target);
        }
        recorder_.post_event(next, e);
        if (journal_.is_too_much_since(begun))
          throw error(errc::payload, id,
                      "what the run " + shown(id) +
                          " was sent and has not read has more bytes than one commit takes, " +
                          std::to_string(journal_.event_bytes_max()) +
                          ": it has to read before it continues as new");
        break;
      case fate::refused: {
        auto* of = r.frame->commands.find(e.command);
        services_.reporter.report(
            event_kind::answer_unread,
            "the run " + shown(id) +
                " has continued as new before it saw the answer to its promise " +
                shown(of ? of->name : "?") + ": no code will read it",
            r.state);
      }
    }
  }
  return updates;
}

}}}  // namespace stet::v0::detail
