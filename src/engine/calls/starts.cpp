#include "engine/calls/starts.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/shown.hpp"
#include "engine/calls/calls_room.hpp"
#include "execution/difference.hpp"
#include "execution/limits.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

void check_id(std::string_view id) {
  if (id.empty())
    throw error(errc::usage, "run",
                "a workflow id must not be empty: name the run by what it is for, as in 'order-7'");
  if (id.size() > id_bytes_max)
    throw error(errc::usage, "run",
                "a workflow id has at most " + std::to_string(id_bytes_max) +
                    " bytes, this one has " + std::to_string(id.size()) + ": " + shown(id) +
                    "; use a hash of it as the id");
}

void check_length(std::string_view id, const char* what, duration d) {
  if (d < duration{})
    throw error(errc::usage, "run",
                std::string(what) + " of the start of " + shown(id) + " is negative, " + shown(d) +
                    ": 0 means none");
}

}  // namespace

answer<std::vector<start_result>> starts::start(std::string_view name_space,
                                                std::string_view workflow,
                                                std::span<const start_request> requests,
                                                const signal_request* first_signal) {
  for (auto& q : requests) check(workflow, q);
  const bool one_by_one = requests.size() == 1 && !first_signal;
  std::vector<start_result> results;
  std::vector<begun_run> begun;
  record_lsn lsn;
  auto here = e_.journal.here();
  try {
    for (auto& q : requests) {
      auto taken = find_taken(name_space, workflow, q);
      lsn = std::max(lsn, taken.lsn);
      if (taken.used) {
        if (first_signal)
          lsn =
              std::max(lsn, signals_.send({taken.used->run, name_space, q.id}, *first_signal).lsn);
        results.push_back(*taken.used);
        continue;
      }
      auto start = first_record(name_space, workflow, q);
      auto run = one_by_one && !taken.replaced ? e_.drive.driver.create_and_drive(start)
                                               : e_.drive.births.create(start);
      begun.push_back({std::move(run), std::move(taken.replaced), taken.latest});
      if (first_signal) e_.recorder.post_event(*begun.back().run, event_of(*first_signal));
      if (!one_by_one) must_fit(here, workflow);
      results.push_back({start.run.value(), true});
    }
  } catch (...) {
    if (!begun.empty()) take_back(begun, here);
    throw;
  }
  return {std::move(results), std::max(lsn, go_on(begun))};
}

/// Terminates the runs that the new ones replace, and drives the new ones. Returns the LSN of the
/// last record.
record_lsn starts::go_on(std::vector<begun_run>& begun) {
  record_lsn lsn;
  for (auto& b : begun)
    if (b.replaced) e_.drive.ending.terminate(*b.replaced, "another run was started with its id");
  for (auto& b : begun) {
    e_.drive.staller.for_run(*b.run, [&] { e_.drive.driver.drive_what_is_there(*b.run); });
    lsn = std::max(lsn, b.run->last_lsn);
    b.run = {};
    e_.commit.commit_if_full();
  }
  return lsn;
}

void starts::must_fit(const struct journal::place& here, std::string_view workflow) const {
  if (!e_.journal.is_too_much_since(here)) return;
  throw error(errc::payload, workflow,
              "the runs that are to start together have more bytes than one commit takes, " +
                  std::to_string(e_.journal.event_bytes_max()) + ": start them in several parts");
}

/// Removes runs that were recorded after `here`, and that weren't driven.
void starts::take_back(std::vector<begun_run>& begun, const struct journal::place& here) {
  e_.journal.go_back(here);
  for (auto b = begun.rbegin(); b != begun.rend(); ++b) {
    auto key = id_key(namespace_of(b->run->state), b->run->state.id);
    e_.drive.entry.forget_run(*b->run);
    if (b->before && e_.runs.table.find(b->before)) e_.runs.table.restore_latest(key, b->before);
  }
}

void starts::check(std::string_view workflow, const start_request& q) const {
  if (!e_.services.definitions.newest(workflow))
    throw error(errc::unknown_workflow, workflow,
                "no workflow " + shown(workflow) + " is defined in this engine");
  check_id(q.id);
  check_arguments(workflow, q.arguments.size());
  check_length(q.id, "the delay", q.delay);
  check_length(q.id, "run_timeout", q.run_timeout);
  check_length(q.id, "execution_timeout", q.execution_timeout);
}

/// Makes the first record of a new run. The request has been checked.
record starts::first_record(std::string_view name_space, std::string_view workflow,
                            const start_request& q) {
  if (q.delay > duration{} || q.run_timeout > duration{} || q.execution_timeout > duration{})
    e_.time.clock.look();  // the times count from now
  auto later = [&](duration d) { return e_.time.now() + d.count(); };
  record start;
  start.run = e_.journal.new_run_number();
  start.name = workflow;
  start.target = q.id;
  start.payload = q.arguments;
  if (q.delay > duration{}) start.begins_at = later(q.delay);
  start.run_timeout = q.run_timeout.count();
  if (q.execution_timeout > duration{}) start.execution_deadline = later(q.execution_timeout);
  start.name_space = as_stored(name_space);
  start.attributes = q.attributes;
  start.memo = q.memo;
  return start;
}

/// Finds out whether the id is taken: by a run that is used, or by one that is replaced, or by
/// none. Throws errc::conflict.
starts::taken_id starts::find_taken(std::string_view name_space, std::string_view workflow,
                                    const start_request& q) {
  run_ref target{e_.runs.table.latest(name_space, q.id).value(), name_space, q.id};
  if (target.run == 0) return {};
  auto r = e_.runs.finder.must_find(target);
  auto use = [&]() -> taken_id {
    auto found = find(workflow, target);
    if (q.expects_same_arguments) must_have_same_arguments(*r, q);
    return {found.value, {}, run_number(target.run), found.lsn};
  };
  auto refuse = [&](const char* why) {
    throw error(errc::conflict, workflow, "the id " + shown(q.id) + why);
  };
  if (r->state.open()) {
    if (q.conflict == id_conflict::fail) refuse(" has a run that is open");
    if (q.conflict == id_conflict::use_existing) return use();
    return {std::nullopt, std::move(r), run_number(target.run)};
  }
  if (q.reuse == id_reuse::use_existing) return use();
  if (q.reuse == id_reuse::reject) refuse(" has had a run");
  if (q.reuse == id_reuse::allow_after_failure && r->state.status == status::completed)
    refuse(" has had a run that completed");
  return {std::nullopt, {}, run_number(target.run)};
}

/// Compares the arguments of a start with those of the run that it would return. A chain has the
/// arguments of its first run.
void starts::must_have_same_arguments(resident& r, const start_request& q) {
  auto refuse = [&](const std::string& why) {
    throw error(errc::other_arguments, q.id,
                "the id " + shown(q.id) + " has a run of workflow " + shown(r.state.workflow) +
                    why +
                    ": use another id for another request, or start without "
                    "expects_same_arguments to get that run");
  };
  auto first = r.state.first == r.state.run ? e_.runs.table.hold(r)
                                            : e_.runs.table.must_read(r.state.first, r.state.id);
  if (!first)
    refuse(", and the first run of its chain has been erased: its arguments can't be compared");
  const auto history = e_.runs.history.stored(*first);
  source in(history);
  auto start = decode_record(in);
  kept_texts kept;
  (void)e_.services.payloads.open(start, owner_of(first->state), 0, kept);
  if (start.payload != q.arguments)
    refuse(" that began with other arguments (this start has " +
           arguments_text(start.payload, q.arguments) + ")");
}

answer<std::optional<start_result>> starts::find(std::string_view workflow, run_ref target) {
  if (target.run == 0) target.run = e_.runs.table.latest(target.name_space, target.id).value();
  if (target.run == 0) return {std::nullopt, everything};
  auto r = e_.runs.finder.must_find(target);
  if (r->state.workflow != workflow)
    throw error(
        errc::conflict, workflow,
        "the id " + shown(target.id) + " belongs to a run of workflow " + shown(r->state.workflow));
  return {start_result{target.run, false}, r->last_lsn};
}

// ---------------------------------------------------------------- the commands

answer<std::vector<start_result>> perform(calls_room& e, const start_runs& c) {
  return e.starts.start(c.name_space, c.workflow, c.runs);
}
answer<start_result> perform(calls_room& e, const start_with_signal& c) {
  check(c.signal);
  auto started = e.starts.start(c.name_space, c.workflow, {&c.run, 1}, &c.signal);
  return {started.value.front(), started.lsn};
}
answer<std::optional<start_result>> perform(calls_room& e, const find_run& c) {
  return e.starts.find(c.workflow, c.target);
}

}}}  // namespace stet::v0::detail
