#include "engine/drive/waiting_calls.hpp"

#include <utility>

#include "base/ensure.hpp"
#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {

void fill(update_outcome& o, const update_answer& a) {
  o.answered = a.done;
  o.payload = a.payload;
  if (a.failure) o.error = *a.failure;
}

std::optional<record_lsn> waiting_calls::await_outcome(outcome_call& c) {
  auto r = runs_.finder.last_of_chain(c.target);
  auto& s = r->state;
  c.target.run = s.run.value();
  if (s.next)
    throw error(errc::not_found, c.target.id,
                "the run that continues " + shown(s.id) + " has been erased");
  if (s.open() && !s.stalled) {
    r->waiting_calls.push_back(&c);
    return std::nullopt;
  }
  c.outcome.status = s.shown_status();
  try {
    if (c.outcome.status == status::completed) c.outcome.payload = runs_.texts.result(s);
    else c.outcome.error.message = runs_.texts.outcome(s);
    if (s.error) c.outcome.error = runs_.texts.failure_of(s);
  } catch (const error&) {  // not thrown, since other calls may wait, too
    c.fails(std::current_exception());
  }
  return r->last_lsn;
}

void waiting_calls::tell_end(resident& r) {
  for (auto* w : std::exchange(r.waiting_calls, {})) {
    bool answered = true;
    try {
      answered = await_outcome(*w).has_value();  // false: the next run keeps the call
    } catch (const store_error&) { throw; } catch (const error&) {
      w->fails(std::current_exception());
    }
    if (answered) commit_.answer(*w, r.last_lsn);
  }
}

void waiting_calls::tell_stalled(resident& r) {
  for (auto* w : std::exchange(r.waiting_calls, {})) {
    (void)await_outcome(*w);
    commit_.answer(*w, r.last_lsn);
  }
  fail_updaters(r, runs_.texts.stalled_error(r.state));
}

void waiting_calls::tell_updated(resident& r, const std::vector<std::string>& ids) {
  for (auto& id : ids) {
    auto* a = r.frame->updates.find(id);
    ensure(a != nullptr, "an update that was answered is known");
    if (is_call_id(id)) calling_runs_.answer(id, *a);
    std::erase_if(r.updaters, [&](update_call* c) {
      if (c->outcome.id != id) return false;
      fill(c->outcome, *a);
      commit_.answer(*c, r.last_lsn);
      return true;
    });
  }
}

void waiting_calls::fail_updaters(resident& r, const error& e) {
  for (auto* c : std::exchange(r.updaters, {})) {
    c->fails(std::make_exception_ptr(e));
    commit_.answer(*c, r.last_lsn);
  }
}

void waiting_calls::move_updaters(resident& r, resident& next,
                                  const std::vector<std::string>& ids) {
  for (auto& id : ids)
    std::erase_if(r.updaters, [&](update_call* c) {
      if (c->outcome.id != id) return false;
      c->target.run = c->outcome.run = next.state.run.value();
      next.updaters.push_back(c);
      return true;
    });
}

}}}  // namespace stet::v0::detail
