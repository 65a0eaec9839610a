// What a run owes to one whose snapshot can't be read, and how that is paid when it can be.
#include <algorithm>

#include "base/shown.hpp"
#include "engine/calls.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Whatever a run waits for of other runs, and has come meanwhile, it gets.
class look_at_pending {
 public:
  look_at_pending(engine_core& e, resident& r) : engine_(e), run_(r) {
    for (auto& p : r.state.waits_for) {
      if (p.kind == command_kind::child) waits_.push_back({p.command, p.child, p.target});
      if (p.kind == command_kind::message && (p.flags & record_flag::calls))
        waits_.push_back({p.command, 0, p.target});
    }
  }
  /// False: something of that can't be read now.
  bool go() {
    bool all = true;
    for (auto& w : waits_) all &= look(w);
    return all;
  }

 private:
  struct wait {
    std::uint32_t command;
    std::uint64_t child;  // 0: it is a call
    std::string id;
  };
  bool look(const wait& w) {
    try {
      if (w.child) look_at_child(w);
      else look_at_call(w);
      return true;
    } catch (const error& e) {
      if (!is_of_one_run(e)) throw;
      engine_.listener_.problem("the run " + shown(run_.state.id) +
                                " may wait for something that is over: " + e.what());
      return false;
    }
  }
  void look_at_child(const wait& w) {
    auto child = engine_.chain_of({w.child, namespace_of(run_.state), w.id});
    if (!child)
      return engine_.fail_pending(run_, record_kind::child_failed, w.command, errc::child_failed,
                                  "stet::run_terminated",
                                  "the run " + shown(w.id) + " has been erased");
    auto& s = child->state;
    if (s.open()) return;
    record end;  // as it was before it was sealed
    std::string text, path;
    failure f;
    if (s.status == status::completed) {
      text = engine_.result_of(s);
      end.payload = text;
    } else if (s.status == status::failed) {
      f = engine_.failure_of(s);
      set_failure(end, f, path);
    } else {
      text = engine_.shown_outcome(s);
      end.name = text;
    }
    engine_.tell_parent(*child, end);
  }
  /// Whichever run of the id has the update: the later one, where it was handed over.
  void look_at_call(const wait& w) {
    auto id = call_id({run_.state.run, w.command});
    auto name_space = namespace_of(run_.state);
    for (auto run = engine_.latest_run(name_space, w.id); run;
         run = engine_.run_below(name_space, w.id, run)) {
      auto called = engine_.must_read(run, w.id);
      if (!called) continue;
      auto a = find_update(engine_.history_of(*called), id);
      if (!a) continue;
      if (a->done) return engine_.answer_caller(id, *a);
      if (called->state.open()) return;
      break;
    }
    engine_.fail_calls({{run_.state.run, w.command}},
                       "the run " + shown(w.id) + " is over without an answer");
  }

  engine_core& engine_;
  resident& run_;
  std::vector<wait> waits_;
};

/// In the commit of what owes it.
void engine_core::owe(std::uint64_t run, debt d) {
  auto& all = unreadable_.owed[run];
  if (std::find(all.begin(), all.end(), d) != all.end()) return;
  all.push_back(std::move(d));
  put_debts(journal_.riders(), run, all);
}

/// An event is for this run, which isn't there to take it: if it can't be read, it is owed.
void engine_core::owe_a_look(std::uint64_t run) {
  if (is_there(run)) owe(run, {debt_kind::look, 0, {}});
}

void engine_core::forget_debts(std::uint64_t run) {
  if (unreadable_.owed.erase(run)) erase_debts(journal_.riders(), run);
}

/// The run can be read again. What can't be paid yet, since something else can't be read, stays
/// owed.
void engine_core::pay_debts(resident& r) {
  auto owed = unreadable_.owed[r.state.run];
  forget_debts(r.state.run);
  auto is_meant = [&](const debt& d) { return r.state.open() && d.first == r.state.first; };
  for (auto& d : owed) {
    if (d.kind == debt_kind::end && is_meant(d)) terminate(r, d.reason);
    if (d.kind == debt_kind::cancel && is_meant(d)) request_cancel(r, d.reason);
    if (d.kind == debt_kind::look && !look_at_pending(*this, r).go()) owe(r.state.run, d);
  }
}

}  // namespace detail
}}  // namespace stet::v0
