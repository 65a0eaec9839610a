#include "engine/calls/describing.hpp"

#include <tuple>
#include <unordered_map>
#include <utility>

#include "engine/calls/calls_room.hpp"
#include "engine/calls/history_bytes.hpp"
#include "engine/calls/readable.hpp"
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
  auto long_ones = arguments_in_history(r);
  std::unordered_map<std::uint32_t, const attempt*> attempts;
  for (auto* a : r.attempts)  // one that was given up may still run beside the one that counts
    if (!a->ticket.left_behind) attempts[a->order.command.value()] = a;
  for (auto& p : s.waits_for) {
    auto& w = info.waits_for.emplace_back(info_of(r, p, long_ones));
    auto found = attempts.find(p.command.value());
    if (p.kind != wait_kind::step) continue;
    auto* a = found == attempts.end() ? nullptr : found->second;
    w.phase = phase_of(p, a);
    if (w.phase == step_phase::returning && a && !a->ticket.late.empty())
      w.last_error = a->ticket.late;
  }
  if (s.open() && s.cancel_requested) add_cancellation(r, info);
  return info;
}

/// `a`: an attempt of the step that is under way, if there is one.
step_phase describing::phase_of(const pending& p, const attempt* a) noexcept {
  if (p.at == pending::phase::ending || (a && a->ticket.timed_out)) return step_phase::returning;
  if (p.at == pending::phase::retrying) return step_phase::retrying;
  bool began = a && a->at != attempt::phase::waiting && a->at != attempt::phase::revoked;
  return began ? step_phase::running : step_phase::queued;
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
      info.cancel_reason = entry_of(r, rec, at, rec.time).name;
    });
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    info.cancel_reason = e.what();
  }
}

pending_info describing::info_of(resident& r, const pending& p, const step_arguments& long_ones) {
  auto& s = r.state;
  pending_info w;
  w.kind = p.kind;
  w.name = p.name;
  if (p.kind == wait_kind::promise) w.detail = token_of(s.run, p.command, s.seed, s.secret);
  else if (p.kind != wait_kind::step) w.detail = p.target;
  else if (!p.target.empty()) w.detail = e_.runs.texts.arguments(s, p.command, p.target);
  else if (auto found = long_ones.find(p.command); found != long_ones.end())
    w.detail = found->second;
  if (p.kind == wait_kind::step) w.attempt = p.attempt;
  w.last_error = e_.runs.texts.last_error(s, p);
  w.progress = e_.desk.progress(s, p);
  bool timed = p.kind == wait_kind::sleep || p.at == pending::phase::retrying;
  if (timed) w.due = is_named(p) ? to_time_point(p.due) : shown_on_wall(e_.time.due.of(p));
  return w;
}

/// The arguments of the pending steps whose arguments are too long to be in the run's state. They
/// are all found in one pass through the history.
describing::step_arguments describing::arguments_in_history(resident& r) {
  step_arguments found;
  for (auto& p : r.state.waits_for)
    if (p.kind == wait_kind::step && p.target.empty()) found.emplace(p.command, std::string());
  if (found.empty()) return found;
  try {
    e_.runs.history.for_each(r, [&](const record& rec) {
      if (rec.kind != record_kind::step) return;
      if (auto at = found.find(rec.command); at != found.end())
        at->second = e_.runs.texts.arguments(r.state, rec.command, rec.payload);
    });
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    for (auto& [command, text] : found) text = e.what();
  }
  return found;
}

answer<std::vector<history_entry>> describing::history(run_ref target) {
  std::vector<history_entry> entries;
  target.run = e_.runs.table.latest(target.name_space, target.id).value();
  if (target.run == 0) return {std::move(entries), everything};
  auto r = e_.runs.finder.must_find(target);
  engine_time time;
  e_.runs.history.for_each(*r, [&](const record& rec) {
    if (rec.time) time = rec.time;
    entries.push_back(entry_of(*r, rec, entries.size(), time));
  });
  return {std::move(entries), r->last_lsn};
}

history_entry describing::entry_of(const resident& r, record rec, std::uint64_t number,
                                   engine_time event) {
  history_entry e;
  e.time = to_time_point(event);
  e.kind = rec.kind;
  e.command = rec.command.value();
  kept_texts kept;
  try {
    (void)e_.services.payloads.open(rec, owner_of(r.state), number, kept);
    e.name = rec.name;
    e.detail = readable(rec, event);
  } catch (const error& why) {
    if (!has_reason(rec.kind)) e.name = rec.name;
    e.detail = std::string("[") + why.what() + "]";
  }
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
