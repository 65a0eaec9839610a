#include "engine/calls/updates.hpp"

#include <cstdio>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "execution/limits.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

void check(const update_request& q) {
  check_key(q.name, q.id);
  if (is_call_id(q.id))
    throw error(
        errc::usage, q.name,
        "the id " + shown(q.id) + " of an update begins with 'stet:', as those of calls do");
  check_arguments(q.name, q.arguments.size());
}

error no_such_update(const update_call& c, const resident& r) {
  return {errc::not_found, c.request.name,
          "the run '" + r.state.id + "' has had no update " + shown(c.outcome.id) +
              ", or the run of its chain that had it has been erased"};
}

bool waits(const update_call& c) noexcept { return c.until != update_stage::accepted; }

}  // namespace

std::optional<record_lsn> updates::perform(update_call& c) {
  check(c.request);
  if (c.start) start_run(c);
  c.outcome.id = c.request.id.empty() ? new_id() : c.request.id;
  return c.until == update_stage::attached ? attach(c) : send(c);
}

/// Starts the run that gets the update, if there is none.
void updates::start_run(update_call& c) {
  auto& q = *c.start;
  starts_.check(c.workflow, q);
  if (q.delay > duration{})
    throw error(errc::usage, c.request.name,
                "the update '" + std::string(c.request.name) +
                    "' can't be sent with the start of a run that has a delay: its handler is "
                    "there when the run begins; start the run, and send the update then");
  if (auto run = e_.runs.table.latest(c.target.name_space, q.id)) {
    auto latest = e_.runs.finder.must_find({run.value(), c.target.name_space, q.id});
    e_.drive.entities.must_not_have_failed(*latest);
  }
  c.started = starts_.start(c.target.name_space, c.workflow, {&q, 1}).value.front();
  c.target.run = c.started->run;
}

std::optional<record_lsn> updates::attach(update_call& c) {
  auto r = e_.runs.finder.must_find_or_follow(c.target);
  revival_.revive(*r);
  revival_.must_have_begun(*r, errc::rejected, "update", c.request.name);
  if (r->state.open()) (void)revival_.drive_to_now(e_.runs.table.hold(*r));
  r = where_answered(std::move(r), c.outcome.id);
  c.target.run = c.outcome.run = r->state.run.value();
  if (!r->state.open()) return fill_from_ended(c, *r);
  if (auto known = find_sent(c, *r)) return *known;
  throw no_such_update(c, *r);
}

std::optional<record_lsn> updates::send(update_call& c) {
  auto r = revival_.must_find_last(c.target);
  revival_.revive(*r);
  revival_.must_have_begun(*r, errc::rejected, "update", c.request.name);
  if (r->state.open()) r = revival_.drive_to_now(std::move(r));
  c.target.run = c.outcome.run = r->state.run.value();
  if (!r->state.open()) return fill_from_ended(c, *r);
  if (auto known = find_sent(c, *r)) return *known;
  validate(*r, c.request);
  return send_new(c, *r);
}

/// Looks for the update in the run and the earlier runs of its chain. Returns what perform()
/// returns if one of them has it; empty if the update is new to them.
std::optional<std::optional<record_lsn>> updates::find_sent(update_call& c, resident& r) {
  using found = std::optional<std::optional<record_lsn>>;
  ensure(r.frame != nullptr, "a run that takes an update has a frame");
  auto& id = c.outcome.id;
  auto kept = [&]() -> found {
    r.updaters.push_back(&c);
    return found(std::in_place, std::nullopt);
  };
  if (auto* a = STET_SEEDED(forget_update_id) ? nullptr : r.frame->updates.find(id)) {
    fill(c.outcome, *a);
    if (!a->done && waits(c)) return kept();
    return found(std::in_place, r.last_lsn);
  }
  if (c.request.id.empty()) return std::nullopt;
  if (r.frame->replay_cursor.has_queued(record_kind::update, id)) {  // it waits for its turn
    if (waits(c)) return kept();
    return found(std::in_place, r.last_lsn);
  }
  auto before = e_.runs.sent.sent_before(r, keys::sent_kind::update, id);
  if (!before) return std::nullopt;
  return found(std::in_place, fill_from_earlier(c, before));
}

void updates::validate(resident& r, const update_request& q) {
  code_use validated{code_use::validates, no_command, checksum_of(q.name)};
  in_workflow here(e_.services.crash_slots, e_.runs.suspects, e_.services.watchdog,
                   r.state.workflow, *r.frame, e_.drive.entry.enter(r.state, *r.frame, validated));
  here.may_do_anything();
  call_user([&] { r.frame->updates.validate(q.name, q.arguments); });
}

std::optional<record_lsn> updates::send_new(update_call& c, resident& r) {
  auto& q = c.request;
  const record e = events::update(q.name, c.outcome.id, q.arguments,
                                  q.id.empty() ? flag::update::unnamed : std::uint8_t{0});
  if (waits(c)) r.updaters.push_back(&c);  // the drive may answer the update at once
  try {
    e_.drive.driver.take_event(r, e);
  } catch (...) {
    std::erase(r.updaters, &c);
    throw;
  }
  if (waits(c)) return std::nullopt;
  if (r.state.stalled) throw e_.runs.texts.stalled_error(r.state);
  return r.last_lsn;
}

record_lsn updates::fill_from_ended(update_call& c, resident& r) {
  if (auto a = find_update(e_.runs.history.opened(r), c.outcome.id)) {
    if (!a->done && waits(c)) throw has_ended(r.state);
    fill(c.outcome, *a);
    return r.last_lsn;
  }
  // An earlier run of the chain may have answered it.
  bool is_named = !c.request.id.empty();
  auto before =
      is_named ? e_.runs.sent.sent_before(r, keys::sent_kind::update, c.outcome.id) : no_run;
  if (!before && c.until == update_stage::attached) throw no_such_update(c, r);
  if (!before) throw has_ended(r.state);
  return fill_from_earlier(c, before);
}

record_lsn updates::fill_from_earlier(update_call& c, run_number run) {
  auto link = e_.runs.finder.must_find({run.value(), c.target.name_space, c.target.id});
  c.target.run = c.outcome.run = run.value();
  return fill_from_ended(c, *link);
}

/// If the run was continued before it began the update: the later run that got the update.
run_lease updates::where_answered(run_lease r, const std::string& id) {
  while (!r->state.open() && r->state.next) {
    auto a = find_update(e_.runs.history.opened(*r), id);
    auto next = a && a->done ? run_lease() : e_.runs.table.must_read(r->state.next, r->state.id);
    if (!next) break;
    r = std::move(next);
  }
  if (r->state.open()) (void)revival_.drive_to_now(e_.runs.table.hold(*r));
  return r;
}

/// A new id that no other update has, even if the entropy repeats itself: one that is seeded anew
/// at each start does, but the numbers of the journal don't.
std::string updates::new_id() {
  char text[33];
  auto first = e_.services.entropy.bits();
  auto second = e_.services.entropy.bits() + e_.journal.last_lsn().value();
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(second));
  return text;
}

}}}  // namespace stet::v0::detail
