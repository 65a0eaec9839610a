// What a run sends to another: signals, requests to end, updates; and the answers that come back.
// All of it within one store, so a message and its sender's progress are one commit.
#include "engine/calls.hpp"

#include <cstdio>

#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr auto prefix = call_id_prefix;

}  // namespace

bool is_call_id(std::string_view update_id) noexcept { return update_id.starts_with(prefix); }
std::string call_id(caller c) {
  char text[48];
  std::snprintf(text, sizeof text, "stet:%llx.%x", static_cast<unsigned long long>(c.run),
                c.command);
  return text;
}
std::optional<caller> caller_of(std::string_view update_id) {
  unsigned long long run = 0;
  unsigned command = 0;
  std::string text(update_id.substr(0, 64));
  if (!is_call_id(text) ||
      std::sscanf(text.c_str() + prefix.size(), "%llx.%x", &run, &command) != 2)
    return std::nullopt;
  return caller{run, command};
}

/// The entity's definition, if the id is one of an entity: "cart/ann".
const definition* engine_core::entity_of(std::string_view id) const {
  auto slash = id.find('/');
  if (slash == std::string_view::npos) return nullptr;
  auto* found = definitions_.newest(id.substr(0, slash));
  bool is_one = found && !call_user([&] { return found->body->new_arguments(); }).empty();
  return is_one ? found->body.get() : nullptr;
}

/// A query of an entity that was never called. False: the id is another's.
bool engine_core::answer_as_new(run_ref of, std::string_view query, std::string_view arguments,
                                std::string& out) {
  auto* d = entity_of(of.id);
  return d && latest_run(of.name_space, of.id) == 0 &&
         call_user([&] { return d->answer_new(query, arguments, out); });
}

/// The state of an entity is in the run that is open. If the latest one has failed (which builds
/// let happen that were before this rule) its state isn't lost while it isn't replaced by a new
/// one. Throws errc::run_ended.
void engine_core::must_not_have_failed(const resident& entity) const {
  auto& s = entity.state;
  if (s.status != status::failed || !entity_of(s.id)) return;
  throw error(errc::run_ended, s.id,
              "the entity " + shown(s.id) + " has failed: " + shown_outcome(s) +
                  "; what its state was is in its history. engine::erase lets it begin anew, and "
                  "engine::run of its workflow, with id_reuse::allow, with a state that you give");
}

/// The run that a message goes to; an entity that is called is there, or is begun. Empty: none.
/// Throws unreadable_run, errc::run_ended.
run_lease engine_core::addressee(const resident& sender, const request& q) {
  auto ns = namespace_of(sender.state);
  auto number = q.target.empty() || q.target.size() > id_bytes_max ? 0 : latest_run(ns, q.target);
  auto r = number ? must_read(number, q.target) : run_lease();
  if (!(q.flags & record_flag::calls) || (r && r->state.open())) return r;
  if (r) must_not_have_failed(*r);
  auto* d = q.target.size() > id_bytes_max ? nullptr : entity_of(q.target);
  if (!d) return r;
  auto arguments = call_user([&] { return d->new_arguments(); });
  record start;
  start.run = journal_.new_run_number();
  start.name = std::string_view(q.target).substr(0, q.target.find('/'));
  start.target = q.target;
  start.payload = arguments;
  start.name_space = sender.state.name_space;
  return create(start, true);
}

void engine_core::send_message(resident& sender, request& q) {
  try {
    deliver_message(sender, q);
  } catch (const users_exception& e) {  // it can't be sealed, and wasn't sent
    fail_command(sender, record_kind::message_failed, q, errc::payload, "stet::error",
                 words_of(e.thrown()));
  } catch (const error& e) {
    if (e.code() != errc::corrupt && e.code() != errc::run_ended) throw;
    fail_command(sender, record_kind::message_failed, q, e.code(), "stet::error", e.what());
  }
}

void engine_core::deliver_message(resident& sender, request& q) {
  auto r = addressee(sender, q);
  if (!r)
    return fail_command(sender, record_kind::message_failed, q, errc::not_found, "stet::not_found",
                        "there is no run with the id '" + q.target + "'");
  if (!r->state.open())
    return fail_command(sender, record_kind::message_failed, q, errc::run_ended, "stet::run_ended",
                        "the run '" + q.target + "' has ended");
  if (q.flags & record_flag::calls) {
    auto id = call_id({sender.state.run, q.id});
    record e;
    e.kind = record_kind::update;
    e.flags = record_flag::unasked;
    e.name = q.name;
    e.target = id;
    e.payload = q.arguments;
    return happen_later(*r, e);  // its answer ends the command
  }
  if (q.flags & record_flag::asks_to_end) {
    request_cancel(*r, q.arguments);
  } else {
    record e;
    e.kind = record_kind::signal;
    e.name = q.name;
    e.payload = q.arguments;
    happen_later(*r, e);
  }
  if (!sender.state.open()) return;  // it was sent in its last event
  record e;
  e.kind = record_kind::message_done;
  e.command = q.id;
  happen_later(sender, e);
}

/// An update that another run sent has been answered.
void engine_core::answer_caller(std::string_view update_id, const update_answer& a) {
  auto who = caller_of(update_id);
  auto r = who ? load(who->run) : run_lease();
  if (!r) return who ? owe_a_look(who->run) : void();
  auto* p = r->state.open() ? r->state.find(who->command) : nullptr;
  if (!p || p->kind != command_kind::message) return;
  record e;
  std::string path;
  e.command = who->command;
  e.kind = record_kind::message_done;
  e.payload = a.payload;
  if (a.failure) {
    e.kind = record_kind::message_failed;
    e.code = errc::update_failed;
    set_failure(e, *a.failure, path);
    return surely(&engine_core::happen_later, *r, e);
  }
  try {
    happen_later(*r, e);
  } catch (const users_exception& why) {
    fail_pending(*r, record_kind::message_failed, e.command, errc::update_failed, "stet::error",
                 words_of(why.thrown()));
  }
}

/// The runs that wait for one of this id, by what is pending there: as its parent, or because they
/// have called it. Goes through the whole store, for a run that can't be read.
std::vector<caller> engine_core::waiting_for(std::string_view name_space, std::string_view id,
                                             command_kind as) {
  std::vector<caller> all;
  auto look = [&](const run_state& s) {
    if (!s.open() || namespace_of(s) != name_space) return;
    for (auto& p : s.waits_for)
      if (p.kind == as && p.target == id &&
          (as == command_kind::child || (p.flags & record_flag::calls)))
        all.push_back({s.run, p.command});
  };
  for (auto& [run, other] : runs_) look(other->state);
  auto from = keys::all(keys::space::snapshot), to = keys::end_of(from);
  scan(*store_, {from, to}, [&](std::string_view key, std::string_view snapshot) {
    try {
      auto run = keys::last_number(key);
      if (!in_memory(run) && !erased_.has(run)) look(decode_run_state(snapshot));
    } catch (const malformed&) {}  // told when it is loaded
    return true;
  });
  return all;
}

/// Whose answer stands is not told again.
void engine_core::fail_calls(const std::vector<caller>& calls, const std::string& why) {
  update_answer a;
  a.failure = std::make_unique<failure>(failure{"stet::run_ended", why, {}, 1});
  for (auto& c : calls) answer_caller(call_id(c), a);
}

}  // namespace detail
}}  // namespace stet::v0
