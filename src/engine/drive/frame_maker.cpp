#include "engine/drive/frame_maker.hpp"

#include "history/make.hpp"

#include <utility>

namespace stet { inline namespace v0 { namespace detail {

std::string why_quarantined(const run_state& s, unsigned max_crashes) {
  if (max_crashes == 0 || s.crashes < max_crashes) return {};
  return "its code brought the process down " + std::to_string(s.crashes) +
         " times: admin::resume lets it try again";
}

bool frame_maker::ensure_frame(resident& r) {
  if (r.frame) return true;
  auto* d = services_.definitions.find(r.state.workflow, r.state.version);
  if (!d) {
    staller_.stall(r, services_.definitions.why_missing(r.state.workflow, r.state.version),
                   stall_kind::not_defined);
    return false;
  }
  auto frame = std::make_unique<execution>(*d, services_.errors, &host_, r.state.run, r.state.id);
  try {
    auto history = runs_.history.opened(r);
    records_replayed_ += r.state.records;
    const bool is_new = r.state.records == 1 && r.state.undriven == 1;  // none of its code has run
    if (is_new) frame->replay_cursor.queue(std::move(history));
    else if (auto unfit = entry_.replay(r.state, *frame, history)) {
      const auto kind = frame->replay_cursor.problem_kind();
      entry_.destroy(r.state, frame);
      staller_.stall(r, *std::move(unfit), kind);
      return false;
    }
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    staller_.stall(r, e.what(), stall_kind::unreadable);
    return false;
  }
  r.frame = std::move(frame);
  runs_.frames.mark_used(r);
  if (r.state.stalled) recorder_.append_note(r, notes::resumed(time_.now()));
  return true;
}

std::unique_ptr<execution> frame_maker::make_new(const record& start, run_number run) {
  auto& d = *services_.definitions.find(start.name, start.version);
  return std::make_unique<execution>(d, services_.errors, &host_, run, start.target);
}

std::unique_ptr<execution> frame_maker::make_shadow(const run_state& s) {
  auto* d = services_.definitions.find(s.workflow, s.version);
  if (!d)
    throw error(errc::unknown_workflow, s.workflow,
                services_.definitions.why_missing(s.workflow, s.version));
  return std::make_unique<execution>(*d, services_.errors, nullptr, s.run, s.id);
}

std::string frame_maker::why_incompatible(definition& d, resident& r) {
  std::string history;
  try {
    history = runs_.history.opened(r);
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    return e.what();
  }
  return why_incompatible(d, r.state, history);
}

std::string frame_maker::why_incompatible(definition& d, const run_state& s,
                                          std::string_view history) {
  try {
    execution shadow(d, services_.errors, nullptr, s.run, s.id);
    drive_output work;
    in_workflow here(services_.crash_slots, runs_.suspects, services_.watchdog, s.workflow, shadow,
                     entry_.enter(s, shadow, {code_use::replays}));
    if (!shadow.replay(history, work)) return shadow.problem();
    while (!shadow.replay_cursor.queued().empty() && !shadow.ended()) {
      work.clear();
      if (!shadow.drive_next(time_.now(), work)) return shadow.problem();
    }
    return here.offence();
  } catch (const malformed& e) { return e.what(); }
}

std::string frame_maker::why_stalled(resident& r) {
  auto& s = r.state;
  auto why = why_quarantined(s, services_.options.max_crashes);
  if (!why.empty()) return why;
  auto* d = services_.definitions.find(s.workflow, s.version);
  return d ? why_incompatible(*d, r) : services_.definitions.why_missing(s.workflow, s.version);
}

}}}  // namespace stet::v0::detail
