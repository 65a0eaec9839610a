#include "engine/drive/debt_payer.hpp"

#include <string>
#include <vector>

#include "base/shown.hpp"
#include "engine/services/failures.hpp"

namespace stet { inline namespace v0 { namespace detail {

void debt_payer::pay(resident& r) {
  auto is_meant = [&](const debt& d) { return r.state.open() && d.first == r.state.first; };
  for (auto& d : runs_.debts.take(r.state.run)) {
    if (d.kind == debt_kind::end && is_meant(d)) ending_.terminate(r, d.reason);
    if (d.kind == debt_kind::cancel && is_meant(d)) ending_.request_cancel(r, d.reason);
    if (d.kind == debt_kind::look && !look_at_pending(r)) runs_.debts.owe(r.state.run, d);
  }
}

/// Gives the run the answers of other runs that it waits for and that exist by now. Returns false
/// if one of them can't be read now.
bool debt_payer::look_at_pending(resident& r) {
  std::vector<wait> waits;
  for (auto& p : r.state.waits_for) {
    if (p.kind == wait_kind::child) waits.push_back({p.command, p.child, p.target});
    if (p.kind == wait_kind::message && (p.flags & flag::message::calls))
      waits.push_back({p.command, {}, p.target});
  }
  bool all = true;
  for (auto& w : waits) all &= look(r, w);
  return all;
}

bool debt_payer::look(resident& r, const wait& w) {
  try {
    if (w.child) look_at_child(r, w);
    else look_at_call(r, w);
    return true;
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    services_.reporter.report(
        event_kind::run_unreadable,
        "the run " + shown(r.state.id) + " may wait for something that is over: " + e.what(),
        r.state);
    return false;
  }
}

void debt_payer::look_at_child(resident& r, const wait& w) {
  auto child = runs_.finder.chain_of({w.child.value(), namespace_of(r.state), w.id});
  if (!child)
    return calling_runs_.fail_pending(r, record_kind::child_failed, w.command, errc::child_failed,
                                      "stet::run_terminated",
                                      "the run " + shown(w.id) + " has been erased");
  auto& s = child->state;
  if (s.open()) return;
  record end;  // the record before it was sealed
  std::string text, path;
  failure f;
  if (s.status == status::completed) {
    text = runs_.texts.result(s);
    end.payload = text;
  } else if (s.status == status::failed) {
    f = runs_.texts.failure_of(s);
    set_failure(end, f, path);
  } else {
    text = runs_.texts.outcome(s);
    end.name = text;
  }
  ending_.tell_parent(*child, end);
}

/// Finds the run of the id that has the update. The latest run is asked first, since an update may
/// have gone over to it.
void debt_payer::look_at_call(resident& r, const wait& w) {
  auto id = call_id({r.state.run, w.command});
  auto name_space = namespace_of(r.state);
  for (auto run = runs_.table.latest(name_space, w.id); run;
       run = runs_.table.latest_below(name_space, w.id, run)) {
    auto called = runs_.table.must_read(run, w.id);
    if (!called) continue;
    auto a = find_update(runs_.history.opened(*called), id);
    if (!a) continue;
    if (a->done) return calling_runs_.answer(id, *a);
    if (called->state.open()) return;
    break;
  }
  calling_runs_.fail({{r.state.run, w.command}},
                     "the run " + shown(w.id) + " is over without an answer");
}

}}}  // namespace stet::v0::detail
