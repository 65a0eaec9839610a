#include "engine/drive/calling_runs.hpp"

#include "base/users_exception.hpp"
#include "history/make.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

void calling_runs::fail_pending(resident& r, record_kind how, command_number command, errc code,
                                std::string_view type, const std::string& text) {
  recorder_.post_event_surely(r, events::failed(how, command, 1, code, type, text));
}

void calling_runs::fail_command(resident& r, record_kind how, const request& q, errc code,
                                std::string_view type, const std::string& text) {
  if (!r.state.open())
    return services_.reporter.report(event_kind::answer_unread,
                                     "the run " + shown(r.state.id) +
                                         " has ended, and what it asked " + shown(q.target) +
                                         " for last can't be done: " + text,
                                     r.state);
  fail_pending(r, how, command_number(q.id), code, type, text);
}

void calling_runs::child_not_started(resident& parent, const request& q, std::string_view type,
                                     const std::string& text) {
  auto& s = parent.state;
  if (q.detached) {
    auto line = "the run " + shown(s.id) + " can't start its child " + shown(q.target) +
                " of workflow " + shown(q.name) + ", and goes on: " + text;
    services_.reporter.event({.kind = event_kind::child_not_started,
                              .text = line,
                              .workflow = s.workflow,
                              .workflow_id = s.id,
                              .step = {},
                              .run = s.run.value(),
                              .child_id = q.target,
                              .reason = text});
    if (!s.open()) return;
  }
  fail_command(parent, record_kind::child_failed, q, errc::child_failed, type, text);
}

void calling_runs::answer(std::string_view update_id, const update_answer& a) {
  auto who = caller_of(update_id);
  auto r = who ? runs_.table.load(who->run) : run_lease();
  if (!r) return who ? runs_.debts.owe_a_look(who->run) : void();
  auto* p = r->state.open() ? r->state.find(who->command) : nullptr;
  if (!p || p->kind != wait_kind::message) return;
  record e = events::message_done(who->command, a.payload);
  std::string path;
  if (a.failure) {
    e.kind = record_kind::message_failed;
    e.code = errc::update_failed;
    set_failure(e, *a.failure, path);
    return recorder_.post_event_surely(*r, e);
  }
  try {
    recorder_.post_event(*r, e);
  } catch (const users_exception& why) {
    fail_pending(*r, record_kind::message_failed, e.command, errc::update_failed, "stet::error",
                 words_of(why.thrown()));
  }
}

void calling_runs::fail(const std::vector<caller>& calls, const std::string& why) {
  update_answer a;
  a.failure = std::make_unique<failure>(failure{"stet::run_ended", why, {}, 1});
  for (auto& c : calls) answer(call_id(c), a);
}

void calling_runs::fail_all_of(resident& r) {
  if (r.state.open_updates == 0) return;
  std::vector<caller> calls;
  try {
    for (auto& id : updates_of(r))
      if (auto who = caller_of(id)) calls.push_back(*who);
  } catch (const store_error&) {
    throw;
  } catch (const error& e) {  // damaged, or unreadable at the moment
    services_.reporter.report(
        event_kind::run_unreadable,
        std::string(e.what()) + ": its callers are found by what their own states say", r.state);
    calls = waiting_for(namespace_of(r.state), r.state.id, wait_kind::message);
  }
  fail(calls, "the run '" + r.state.id + "' has ended without an answer");
}

/// The ids of all updates that the run was ever sent. Throws errc::corrupt.
std::vector<std::string> calling_runs::updates_of(resident& r) {
  std::vector<std::string> ids;
  runs_.history.for_each(r, [&](const record& rec) {
    if (rec.kind == record_kind::update) ids.emplace_back(rec.target);
  });
  return ids;
}

std::vector<caller> calling_runs::waiting_for(std::string_view name_space, std::string_view id,
                                              wait_kind as) {
  std::vector<caller> all;
  auto look = [&](const run_state& s) {
    if (!s.open() || namespace_of(s) != name_space) return;
    for (auto& p : s.waits_for)
      if (p.kind == as && p.target == id &&
          (as == wait_kind::child || (p.flags & flag::message::calls)))
        all.push_back({s.run, p.command});
  };
  for (auto& [run, other] : runs_.table.all()) look(other->state);
  auto from = keys::all(keys::space::snapshot), to = keys::end_of(from);
  scan(services_.store, {from, to}, [&](std::string_view key, std::string_view snapshot) {
    try {
      auto run = keys::last_run(key);
      if (!runs_.table.find(run) && !runs_.table.erased.has(run)) look(decode_run_state(snapshot));
    } catch (const malformed&) {}  // reported when it is loaded
    return true;
  });
  return all;
}

}}}  // namespace stet::v0::detail
