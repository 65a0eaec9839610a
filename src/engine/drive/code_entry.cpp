#include "engine/drive/code_entry.hpp"

namespace stet { inline namespace v0 { namespace detail {

occupant code_entry::enter(const run_state& s, const execution& frame, const code_use& use) {
  auto who = occupant_of(s, frame, use);
  if (runs_.suspects.is_suspected(who)) {
    commit_.make_durable();
    who.tried = trial::alone;
  }
  return who;
}

std::optional<std::string> code_entry::replay(const run_state& s, execution& frame,
                                              std::string_view history) {
  drive_output work;
  auto who = enter(s, frame, {code_use::replays});
  in_workflow here(services_.crash_slots, runs_.suspects, services_.watchdog, s.workflow, frame,
                   who);
  if (!frame.replay(history, work)) return frame.problem();
  if (!here.offence().empty()) return here.offence();
  return std::nullopt;
}

void code_entry::evict_now(resident& r) {
  if (r.frame) (void)enter(r.state, *r.frame, {code_use::destroys});
  runs_.frames.evict(r);
}

void code_entry::destroy(const run_state& s, std::unique_ptr<execution>& frame) {
  (void)enter(s, *frame, {code_use::destroys});
  runs_.frames.destroy(s, frame);
}

void code_entry::forget_run(resident& r) {
  evict_now(r);
  runs_.table.forget(r);
}

}}}  // namespace stet::v0::detail
