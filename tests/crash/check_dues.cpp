// Checks what a run owed when it ended: its children were begun, its messages were sent, and its
// unseen events went to the run that continues it.
#include <algorithm>
#include <deque>

#include "crash/checks.hpp"

namespace stet_crash {

using namespace stet::detail;

namespace {

std::string name_of(const run_state& s) { return "run '" + s.id + "'"; }

/// Everything that a run still owes at the end of its history.
class leavings {
 public:
  explicit leavings(const stored_run& r) : records_(history_records(r)) {
    for (auto& rec : records_) take(rec);
    if (next) go_over();
  }

  std::map<command_number, record> children, messages;  // begun, not answered, not given up
  std::vector<record> given_up;                         // children
  std::vector<record> over;  // signals, updates and cancel requests for the next run
  stet::detail::run_number next;

 private:
  void take(const record& r) {
    if (r.kind == record_kind::driven && !undriven_.empty()) {
      auto event = undriven_.front();
      undriven_.pop_front();
      return drive(event);
    }
    if (is_event(r.kind)) {
      answer(r);
      (r.flags & flag::event::undriven) ? undriven_.push_back(r) : drive(r);
      return;
    }
    switch (r.kind) {
      case record_kind::child: children[r.command] = r; break;
      case record_kind::message: messages[r.command] = r; break;
      case record_kind::condition:
        conditions_[r.command] = r.name;
        if ((r.flags & flag::condition::takes) && (r.flags & flag::condition::holds))
          read(r.command);
        break;
      case record_kind::met:
        if (r.flags & flag::met::takes) read(r.command);
        break;
      case record_kind::cancelled:
        if (children.contains(r.command)) given_up.push_back(children[r.command]);
        children.erase(r.command);
        messages.erase(r.command);
        break;
      case record_kind::update_done:
      case record_kind::update_failed: updates_.erase(r.command.value()); break;
      case record_kind::continued: next = r.related; break;
      default: break;
    }
  }
  /// An outcome counts for its command once it is recorded.
  void answer(const record& r) {
    if (answered_by(r.kind) == record_kind::child) children.erase(r.command);
    if (answered_by(r.kind) == record_kind::message) messages.erase(r.command);
  }
  void drive(const record& event) {
    if (event.kind == record_kind::signal) unread_.push_back(event);
    if (event.kind == record_kind::update) updates_[++last_update_] = event;
  }
  void read(command_number command) {
    auto wanted = [&](const record& s) {
      return "signal '" + std::string(s.name) + "'" == conditions_[command];
    };
    if (auto at = std::find_if(unread_.begin(), unread_.end(), wanted); at != unread_.end())
      unread_.erase(at);
  }
  void go_over() {
    over = unread_;
    for (auto& [number, update] : updates_) over.push_back(update);
    for (auto& event : undriven_)
      if (event.kind == record_kind::signal || event.kind == record_kind::update ||
          event.kind == record_kind::cancel_requested)
        over.push_back(event);
  }

  std::vector<record> records_;
  std::deque<record> undriven_;
  std::vector<record> unread_;
  std::map<command_number, std::string> conditions_;
  std::map<std::uint32_t, record> updates_;
  std::uint32_t last_update_ = 0;
};

/// Whether a run got an event. Any cancel request counts as the same one, whatever its reason.
bool came(const stored_run& to, const record& event) {
  auto records = history_records(to);
  return std::any_of(records.begin(), records.end(), [&](const record& r) {
    if (r.kind != event.kind) return false;
    return r.kind == record_kind::cancel_requested ||
           (r.name == event.name && r.target == event.target && r.payload == event.payload);
  });
}

void check_over(const dump& d, const stored_run& r, const leavings& left, violations& v) {
  auto next = d.runs.find(left.next);
  if (next == d.runs.end()) return;  // check_state knows whether that may be
  for (auto& event : left.over)
    if (!came(next->second, event))
      v.push_back("I8 what came to " + name_of(r.state) + " (" + std::string(to_text(event.kind)) +
                  " '" + std::string(event.name) + "') is lost: the run that continues it is " +
                  "without it");
}

/// The event that a message becomes in the history of the run that gets it.
record as_event(const record& message) {
  record e;
  e.name = message.name;
  e.payload = message.payload;
  e.kind = record_kind::signal;
  if (message.flags & flag::message::asks_to_end) e.kind = record_kind::cancel_requested;
  if (message.flags & flag::message::calls) e.kind = record_kind::update;
  return e;
}

/// Returns true if a run was open when another one ended. Times alone don't tell, since the clock
/// may have been set between the two ends, and LSNs don't, since late records follow an end.
bool was_open_at_end_of(const run_state& ended, const run_state& s) {
  bool began_before =
      s.run < ended.run || (s.started >= ended.started && s.started < ended.closed());
  bool ended_after = s.closed() > ended.closed() && s.applied_lsn > ended.applied_lsn;
  return began_before && (s.open() || ended_after);
}

/// Checks a message that was still to be sent when the sender ended: a run that could get it has
/// it.
void check_message(const dump& d, const stored_run& r, const record& message, violations& v) {
  auto event = as_event(message);
  bool could = false, did = false;
  for (auto& [number, to] : d.runs) {
    if (to.state.id != message.target || to.state.name_space != r.state.name_space) continue;
    could |= was_open_at_end_of(r.state, to.state);
    auto records = history_records(to);
    did |= std::any_of(records.begin(), records.end(), [&](const record& e) {
      bool same = e.kind == record_kind::cancel_requested || e.payload == event.payload;
      return e.kind == event.kind && same;
    });
  }
  if (could && !did)
    v.push_back("I12 " + name_of(r.state) + " ended, and its message to '" +
                std::string(message.target) + "' was never sent");
}

}  // namespace

const stored_run* last_of_chain(const dump& d, run_number first) {
  const stored_run* last = nullptr;
  for (auto& [run, r] : d.runs)
    if (run == first || r.state.first == first) last = &r;
  return last;
}

void check_dues(const dump& d, violations& v) {
  for (auto& [run, r] : d.runs) {
    if (r.state.open()) continue;
    leavings left(r);
    for (auto& [command, child] : left.children)
      if (!last_of_chain(d, child.related) && r.state.name_space != brief)
        v.push_back("I12 " + name_of(r.state) + " ended, and its child '" +
                    std::string(child.target) + "' was never begun");
    for (auto& [command, message] : left.messages) check_message(d, r, message, v);
    check_over(d, r, left, v);
  }
}

void check_orphans(const dump& d, violations& v) {
  for (auto& [run, r] : d.runs) {
    leavings left(r);
    auto goes_on = [&](const record& child) {
      auto* c = last_of_chain(d, child.related);
      return c && c->state.open() && !c->state.cancel_requested && !c->state.stalled;
    };
    for (auto& child : left.given_up)
      if (goes_on(child))
        v.push_back("I12 " + name_of(r.state) + " gave up its child '" + std::string(child.target) +
                    "', which wasn't asked to end");
    if (r.state.open()) continue;
    for (auto& [command, child] : left.children)
      if (!(child.flags & flag::child::abandons) && goes_on(child))
        v.push_back("I12 " + name_of(r.state) + " has ended, and its child '" +
                    std::string(child.target) + "' goes on");
  }
}

}  // namespace stet_crash
