#include "engine/calls/revival.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// A call drives a run by at most this many events that the run itself brings about.
constexpr std::uint64_t drives_beyond_max = 1000;

}  // namespace

run_lease revival::must_find_last(run_ref target) {
  auto r = e_.runs.finder.last_of_chain(target);
  if (!r->state.open() || r->revived) return r;
  revive(*r);
  return e_.runs.finder.last_of_chain(std::move(r));
}

void revival::revive(resident& r) {
  if (r.state.open() && !r.revived) e_.advance.waker.revive(r);
}

run_lease revival::drive_to_now(run_lease r) {
  auto& driver = e_.drive.driver;
  // Everything that was sent to the run before is in its undriven events, or goes over to the runs
  // that continue it.
  for (auto left = std::uint64_t{r->state.undriven} + drives_beyond_max;;) {
    for (; left > 0 && driver.may_drive(*r) && e_.drive.frames.ensure_frame(*r); --left) {
      driver.drive_next(*r);
      e_.commit.commit_if_full();
    }
    if (!r->state.next) break;
    r = e_.runs.finder.last_of_chain(std::move(r));
  }
  if (r->state.open() && !r->state.stalled) e_.drive.frames.ensure_frame(*r);
  if (r->state.stalled) throw e_.runs.texts.stalled_error(r->state);
  return r;
}

void revival::must_have_begun(const resident& r, errc code, std::string_view what,
                              std::string_view name) {
  if (!r.state.open() || e_.time.clock.is_over(e_.time.due.begin_of(r.state))) return;
  throw error(code, name,
              "the run '" + r.state.id + "' has no handler for the " + std::string(what) + " '" +
                  std::string(name) + "' yet: it begins at " +
                  to_text(to_time_point(e_.time.clock.on_wall(e_.time.due.begin_of(r.state)))));
}

}}}  // namespace stet::v0::detail
