#include "engine/steps/crowding.hpp"

#include <algorithm>

#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t quiet_ms = 60'000;
constexpr std::size_t named_max = 5;  // bodies that the text names

}  // namespace

void crowding::report(std::size_t waiting) {
  const auto now = bodies_.steady_ms();
  if (now < quiet_until_) return;
  auto all = running();
  if (all.empty()) return;  // it is over
  quiet_until_ = now + quiet_ms;
  services_.reporter.report(event_kind::threads_busy, text(all, waiting), all.front()->state_of_run,
                            all.front()->body->name);
}

/// The attempts that occupy a thread, the one that began first at the front.
std::vector<const attempt*> crowding::running() const {
  std::vector<const attempt*> all;
  for (auto& [run, r] : runs_.table.all())
    for (auto* a : r->attempts)
      if (a->at == attempt::phase::running && !a->lends && !a->is_pending()) all.push_back(a);
  std::sort(all.begin(), all.end(), [](auto* a, auto* b) { return a->turn() < b->turn(); });
  return all;
}

std::string crowding::text(const std::vector<const attempt*>& running, std::size_t waiting) const {
  auto text = "all threads for bodies of steps are busy (" + std::to_string(running.size()) +
              "), and " + std::to_string(waiting) +
              " steps wait for one. Those that have run longest: ";
  for (std::size_t i = 0; i < std::min(running.size(), named_max); ++i)
    text += (i ? ", " : "") + ("step " + shown(running[i]->body->name)) + " of run " +
            shown(running[i]->state_of_run.id);
  return text +
         ". engine_options::threads says how many there are at most; a step that only waits for "
         "something needs none if it is a non-blocking one";
}

}}}  // namespace stet::v0::detail
