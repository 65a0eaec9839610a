#include "engine/calls/describing.hpp"

#include <tuple>
#include <utility>

#include "engine/calls/calls_room.hpp"
#include "engine/calls/history_bytes.hpp"
#include "execution/token.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 { namespace detail {

answer<std::optional<run_info>> describing::describe(run_ref target) {
  target.run = e_.runs.table.latest(target.name_space, target.id).value();
  if (target.run == 0) return {std::nullopt, everything};
  auto r = e_.runs.finder.must_find(target);
  return {info_of(*r), r->last_lsn};
}

std::optional<record_lsn> describing::await_change(change_call& c) {
  auto latest = e_.runs.table.latest(c.target.name_space, c.target.id);
  if (!latest) return everything;
  auto r = e_.runs.finder.must_find({latest.value(), c.target.name_space, c.target.id});
  auto& s = r->state;
  if (s.run.value() != c.target.run || s.records != c.records || !s.open()) return r->last_lsn;
  r->watchers.push_back(&c);
  return std::nullopt;
}

time_point describing::shown_on_wall(engine_time t) noexcept {
  return to_time_point(e_.time.clock.on_wall(t));
}

run_info describing::info_of(resident& r) {
  auto& s = r.state;
  run_info info;
  info.id = s.id;
  info.workflow = s.workflow;
  info.version = s.version;
  info.run = s.run.value();
  info.status = s.shown_status();
  if (info.status != status::completed) info.reason = e_.runs.texts.outcome(s);
  info.records = s.records;
  info.started = to_time_point(s.started);
  info.closed = to_time_point(s.closed());
  if (s.about) info.attributes = attributes(unpack_attributes(s.about->attributes));
  std::tie(info.memo, info.details) = e_.runs.texts.memo_and_details(s);
  info.parent = s.parent.value();
  info.previous = s.previous.value();
  info.next = s.next.value();
  info.unread_signals = s.unread;
  info.open_updates = s.open_updates;
  auto wake = wake_of(s);
  if (wake != run_state::no_wake && wake != run_state::wake_at_start)
    info.next_wakeup = shown_on_wall(e_.time.due.next_of(s));
  if (s.open() && s.begins_at) {
    pending_info w;
    w.kind = wait_kind::start;
    w.due = shown_on_wall(e_.time.due.begin_of(s));
    info.waits_for.push_back(std::move(w));
  }
  for (auto& p : s.waits_for) info.waits_for.push_back(info_of(r, p));
  if (s.open() && s.cancel_requested) add_cancellation(r, info);
  return info;
}

/// The state doesn't have the time and the reason of the request; the history does.
void describing::add_cancellation(resident& r, run_info& info) {
  info.cancel_requested = to_time_point(r.state.clock_time);  // if the history can't be read
  std::uint64_t number = 0;
  try {
    e_.runs.history.for_each(r, [&](const record& rec) {
      auto at = number++;
      if (rec.kind != record_kind::cancel_requested) return;
      info.cancel_requested = to_time_point(rec.time);
      info.cancel_reason = entry_of(r, rec, at).name;
    });
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    info.cancel_reason = e.what();
  }
}

pending_info describing::info_of(resident& r, const pending& p) {
  auto& s = r.state;
  pending_info w;
  w.kind = p.kind;
  w.name = p.name;
  if (p.kind == wait_kind::promise) w.detail = token_of(s.run, p.command, s.seed, s.secret);
  else
    w.detail = p.kind != wait_kind::step ? p.target
               : p.target.empty()        ? arguments_in_history(r, p.command)
                                         : e_.runs.texts.arguments(s, p.command, p.target);
  if (p.kind == wait_kind::step) w.attempt = p.attempt;
  w.last_error = e_.runs.texts.last_error(s, p);
  bool timed = p.kind == wait_kind::sleep || p.at == pending::phase::retrying;
  if (timed) w.due = is_named(p) ? to_time_point(p.due) : shown_on_wall(e_.time.due.of(p));
  return w;
}

/// The arguments of a step that are too long to be in the run's state.
std::string describing::arguments_in_history(resident& r, command_number command) {
  std::string text;
  try {
    e_.runs.history.for_each(r, [&](const record& rec) {
      if (rec.kind == record_kind::step && rec.command == command)
        text = e_.runs.texts.arguments(r.state, command, rec.payload);
    });
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    text = e.what();
  }
  return text;
}

answer<std::vector<history_entry>> describing::history(run_ref target) {
  std::vector<history_entry> entries;
  target.run = e_.runs.table.latest(target.name_space, target.id).value();
  if (target.run == 0) return {std::move(entries), everything};
  auto r = e_.runs.finder.must_find(target);
  engine_time time;
  e_.runs.history.for_each(*r, [&](const record& rec) {
    if (rec.time) time = rec.time;
    auto& e = entries.emplace_back(entry_of(*r, rec, entries.size()));
    e.time = to_time_point(time);
  });
  return {std::move(entries), r->last_lsn};
}

history_entry describing::entry_of(const resident& r, record rec, std::uint64_t number) {
  kept_texts kept;
  std::string unopened;
  try {
    (void)e_.services.payloads.open(rec, owner_of(r.state), number, kept);
  } catch (const error& e) { unopened = std::string("[") + e.what() + "]"; }
  history_entry e;
  e.kind = rec.kind;
  e.command = rec.command.value();
  e.name = rec.name;
  if (!unopened.empty()) e.detail = std::move(unopened);
  else if (!rec.error_type.empty())
    e.detail = std::string(rec.error_type) + ": " + std::string(rec.error_text);
  else if (!rec.payload.empty()) e.detail = describe_payload(rec.payload);
  else e.detail = rec.target;
  return e;
}

answer<std::string> describing::export_history(run_ref target) {
  target.run = e_.runs.table.latest(target.name_space, target.id).value();
  auto r = e_.runs.finder.must_find(target);
  auto& s = r->state;
  history_bytes h;
  h.name_space = namespace_of(s);
  h.id = s.id;
  h.workflow = s.workflow;
  h.version = s.version;
  h.run = s.run;
  h.records = e_.runs.history.stored(*r);
  return {encode(h), r->last_lsn};
}

// ---------------------------------------------------------------- the commands

answer<std::optional<run_info>> perform(calls_room& e, const describe_run& c) {
  return e.describing.describe(c.target);
}
answer<std::vector<history_entry>> perform(calls_room& e, const history_of_run& c) {
  return e.describing.history(c.target);
}
answer<std::string> perform(calls_room& e, const export_run& c) {
  return e.describing.export_history(c.target);
}

}}}  // namespace stet::v0::detail
