#include <algorithm>

#include "crash/checks.hpp"

namespace stet_crash {

using namespace stet::detail;

namespace {

std::string name_of(const stored_run& r) { return "run '" + r.state.id + "'"; }

bool is_answer(record_kind k) {
  return k == record_kind::step_done || k == record_kind::step_failed ||
         k == record_kind::timer_fired || k == record_kind::child_done ||
         k == record_kind::child_failed || k == record_kind::cancelled;
}

/// Checks that the answer that a parent got from its child is how the child ended.
void check_child(const dump& d, const stored_run& parent, const record& answer, run_number child,
                 violations& v) {
  auto* found = last_of_chain(d, child);
  if (!found) {
    if (parent.state.name_space == brief) return;
    if (answer.kind == record_kind::child_done)
      v.push_back("I12 " + name_of(parent) + " has a result of a child that isn't there");
    return;
  }
  auto& c = found->state;
  bool good = answer.kind == record_kind::child_done
                  ? c.status == stet::status::completed && c.outcome == answer.payload
                  : !c.open() && c.status != stet::status::completed;
  if (!good)
    v.push_back("I12 " + name_of(parent) + " heard something else of its child '" + c.id +
                "': it is " + std::to_string(static_cast<int>(c.status)) + " with '" + c.outcome +
                "', and " + std::string(to_text(answer.kind)) + " has '" +
                std::string(answer.payload) + "'");
}

void check_history(const dump& d, const stored_run& r, violations& v) {
  std::map<command_number, run_number> children;
  std::map<command_number, std::uint8_t> answers;  // and their flags
  bool ended = false;
  for (auto& rec : history_records(r)) {
    if (ended) {
      v.push_back("I9 " + name_of(r) +
                  " goes on behind its end: " + std::string(to_text(rec.kind)));
      break;
    }
    ended = is_end(rec.kind);
    if (rec.run != r.state.run) v.push_back("I11 " + name_of(r) + " has a record of another run");
    if (rec.kind == record_kind::child) children[rec.command] = rec.related;
    if (is_answer(rec.kind)) {
      auto [first, fresh] = answers.emplace(rec.command, rec.flags);
      // A command may be given up before the run has seen its answer.
      bool unseen = rec.kind == record_kind::cancelled && (first->second & flag::event::undriven);
      if (!fresh && !unseen)
        v.push_back("I3 command " + std::to_string(rec.command.value()) + " of " + name_of(r) +
                    " is answered twice");
    }
    if (rec.kind == record_kind::child_done || rec.kind == record_kind::child_failed)
      check_child(d, r, rec, children[rec.command], v);
  }
  if (ended == r.state.open()) v.push_back("I9 " + name_of(r) + " has no end, or one too many");
}

/// Checks that something will wake an open run.
void check_wake_source(const dump& d, const stored_run& r, violations& v) {
  auto& s = r.state;
  if (!s.open()) return;
  if (s.stalled) v.push_back("I10 " + name_of(r) + " is stalled: " + s.outcome);
  if (s.undriven == 0 && s.waits_for.empty())
    v.push_back("I10 " + name_of(r) + " waits for nothing");
  for (auto& p : s.waits_for) {
    if (p.kind != wait_kind::child) continue;
    auto* child = last_of_chain(d, p.child);
    if (!child || !child->state.open())
      v.push_back("I10 " + name_of(r) + " waits for the child '" + p.target + "', which is " +
                  (child ? "over" : "not there"));
  }
}

}  // namespace

void check_state(const dump& d, const script& s, violations& v) {
  v.insert(v.end(), d.faults.begin(), d.faults.end());
  decltype(d.timers) timers;
  decltype(d.ids) ids;
  for (auto& [run, r] : d.runs) {
    auto asked =
        std::any_of(s.runs.begin(), s.runs.end(), [&](auto& e) { return e.id == r.state.id; });
    if (!asked) v.push_back("I2 nobody asked for " + name_of(r));
    check_history(d, r, v);
    check_wake_source(d, r, v);
    if (!r.in_snapshot) continue;
    ids[run] = r.state.id;
    if (r.indexed_wake != run_state::no_wake) timers.insert({r.indexed_wake, run});
  }
  if (timers != d.timers) v.push_back("I11 the timer index isn't what the snapshots say");
  if (ids != d.ids) v.push_back("I11 the index of ids isn't what the snapshots say");
}

void check_acknowledged(const dump& d, const std::vector<fact>& facts, violations& v) {
  for (auto& f : facts) {
    if (f.kind != fact_kind::run && f.kind != fact_kind::result && f.kind != fact_kind::cancel &&
        f.kind != fact_kind::terminate)
      continue;
    auto& id = f.fields.at(0);
    auto* r = d.find(id);
    if (!r) {
      v.push_back("I1 run '" + id + "' was acknowledged, and is lost");
      continue;
    }
    auto& s = r->state;
    if (f.kind == fact_kind::cancel && s.open() && !s.cancel_requested)
      v.push_back("I1 the cancellation of '" + id + "' was acknowledged, and is lost");
    if (f.kind == fact_kind::terminate && s.status != stet::status::terminated)
      v.push_back("I1 the termination of '" + id + "' was acknowledged, and is lost");
    if (f.kind != fact_kind::result) continue;
    auto text = text_of(s.status, s.outcome, {});
    if (text == f.fields.at(1)) continue;
    v.push_back("I1 '" + id + "' was told to end with ");
    v.back() += f.fields.at(1) + ", and now it is " + text;
  }
}

void check_growth(const dump& before, const dump& after, violations& v) {
  for (auto& [run, was] : before.runs) {
    if (was.state.name_space == brief) continue;
    auto is = after.runs.find(run);
    if (is == after.runs.end()) v.push_back("I3 " + name_of(was) + " is gone");
    else if (!is->second.history.starts_with(was.history))
      v.push_back("I3 the history of " + name_of(was) + " has changed");
  }
}

void check_clean(const dump& d, violations& v) {
  if (!d.marks.clean) v.push_back("I11 the store isn't marked as clean after a close");
  if (d.blocks != 0) v.push_back("I11 there are blocks after a clean close");
  for (auto& [run, r] : d.runs)
    if (r.indexed_wake != wake_of(r.state))
      v.push_back("I10 " + name_of(r) + " has no timer, or a wrong one");
}

void check_endings(const dump& d, const script& s, violations& v) {
  for (auto& e : s.runs) {
    auto* r = d.find(e.id);
    bool may_lack = !e.outcomes.empty() && e.outcomes.back().empty();
    if (!r) {
      if (!may_lack) v.push_back("I18 run '" + e.id + "' was never made");
      continue;
    }
    if (e.outcomes.empty()) {
      if (!r->state.open()) v.push_back("I18 " + name_of(*r) + " isn't open any more");
      continue;
    }
    auto text = text_of(r->state.status, r->state.outcome, {});
    if (std::find(e.outcomes.begin(), e.outcomes.end(), text) == e.outcomes.end())
      v.push_back("I18 " + name_of(*r) + " ended with " + text + ", not with " +
                  e.outcomes.front());
  }
}

}  // namespace stet_crash
