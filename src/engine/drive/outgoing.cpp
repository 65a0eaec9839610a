#include "engine/drive/outgoing.hpp"

#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {

void outgoing::start_child(resident& parent, request& q, run_number run) {
  auto fail = [&](std::string_view type, const std::string& text) {
    calling_runs_.child_not_started(parent, q, type, text);
  };
  if (!services_.definitions.newest(q.name))
    return fail("stet::unknown_workflow",
                "no workflow " + shown(q.name) + " is defined in this program");
  if (q.target.empty() || q.target.size() > id_bytes_max)
    return fail("stet::usage", "a child's id is 1 to " + std::to_string(id_bytes_max) +
                                   " bytes, this one has " + std::to_string(q.target.size()));
  if (runs_.table.latest(namespace_of(parent.state), q.target))
    return fail("stet::conflict", "there is a run with the id " + shown(q.target) + " already");
  record start;
  start.run = run;
  start.related = parent.state.run;
  start.command = command_number(q.id);
  start.name = q.name;
  start.target = q.target;
  start.payload = q.arguments;
  start.name_space = parent.state.name_space;
  auto& child = static_cast<child_request&>(q);
  start.attributes = child.attributes;
  start.memo = child.memo;
  try {
    (void)births_.create(start);
  } catch (const users_exception& e) { fail("stet::error", words_of(e.thrown())); }
}

/// The run that a message goes to. An entity that is called and has no open run is begun. Empty if
/// there is no such run. Throws unreadable_run, errc::run_ended.
run_lease outgoing::addressee(const resident& sender, const request& q) {
  const bool is_id = !q.target.empty() && q.target.size() <= id_bytes_max;
  auto number = is_id ? runs_.table.latest(namespace_of(sender.state), q.target) : no_run;
  auto r = number ? runs_.table.must_read(number, q.target) : run_lease();
  if (!(q.flags & flag::message::calls) || (r && r->state.open())) return r;
  if (r) entities_.must_not_have_failed(*r);
  auto* d = q.target.size() > id_bytes_max ? nullptr : entities_.find(q.target);
  if (!d) return r;
  auto arguments = call_user([&] { return d->new_arguments(); });
  record start;
  start.run = journal_.new_run_number();
  start.name = std::string_view(q.target).substr(0, q.target.find('/'));
  start.target = q.target;
  start.payload = arguments;
  start.name_space = sender.state.name_space;
  return births_.create(start);
}

void outgoing::send(resident& sender, request& q) {
  try {
    deliver(sender, q);
  } catch (const users_exception& e) {  // it can't be sealed, and wasn't sent
    calling_runs_.fail_command(sender, record_kind::message_failed, q, errc::payload, "stet::error",
                               words_of(e.thrown()));
  } catch (const error& e) {
    if (e.code() != errc::corrupt && e.code() != errc::run_ended) throw;
    calling_runs_.fail_command(sender, record_kind::message_failed, q, e.code(), "stet::error",
                               e.what());
  }
}

void outgoing::deliver(resident& sender, request& q) {
  auto fail = [&](errc code, std::string_view type, const std::string& text) {
    calling_runs_.fail_command(sender, record_kind::message_failed, q, code, type, text);
  };
  auto r = addressee(sender, q);
  if (!r)
    return fail(errc::not_found, "stet::not_found",
                "there is no run with the id '" + q.target + "'");
  if (!r->state.open())
    return fail(errc::run_ended, "stet::run_ended", "the run '" + q.target + "' has ended");
  if (q.flags & flag::message::calls) {
    auto id = call_id({sender.state.run, command_number(q.id)});
    // The answer to the update ends the command.
    return recorder_.post_event(*r, events::update(q.name, id, q.arguments, flag::update::unasked));
  }
  if (q.flags & flag::message::asks_to_end) {
    if (auto why = entities_.why_not_cancelled(r->state); !why.empty())
      return fail(errc::usage, "stet::usage", why);
    ending_.request_cancel(*r, q.arguments);
  } else {
    recorder_.post_event(*r, events::signal(q.name, {}, q.arguments));
  }
  if (!sender.state.open()) return;  // the message was sent in its last event
  recorder_.post_event(sender, events::message_done(command_number(q.id)));
}

}}}  // namespace stet::v0::detail
