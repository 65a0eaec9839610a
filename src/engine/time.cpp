// The engine and its clock: when it looks, and what the store hears of it.
#include <algorithm>

#include "base/hooks.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// What time it is, and what the store says of earlier clocks.
void engine_core::start_time() {
  std::optional<clock_history> known;
  try {
    if (auto bytes = store_->get(keys::clock())) known = decode_clock_history(*bytes);
  } catch (const malformed& e) {
    listener_.problem(std::string("what the store says of the clock can't be read: ") + e.what() +
                      "; sleeps last their whole length from now on, at most");
  }
  auto last = journal_.time_at_open();
  if (known) {  // since that was written the time has not fallen; before it, it may have
    auto since = journal_.time_since(known->lsn);
    last = since ? since : known->time;
  }
  time_.start(std::move(known), last, journal_.place());
  now_ = time_.now();
  looks_at_all_ = time_.history().shifts_back();
  clock_unsaved_ = true;
}

/// Looks what time it is. If the clock was set, the store hears of it with the next commit, which
/// there is at once. What is armed is due later from then on: it is found too early, and waits on.
void engine_core::tick() {
  bool was_set = time_.tick(journal_.place());
  now_ = time_.now();
  if (!was_set && !(time_.notes_progress() && timers_.size() > 0)) return;
  keep_clock_history();
}

/// In the midst of a turn, when something has taken time: at the uptime only.
void engine_core::look_at_time() noexcept {
  time_.look();
  now_ = time_.now();
}

/// Written with the next block.
void engine_core::keep_clock_history() {
  clock_unsaved_ = false;
  journal_.riders().put(keys::clock(), encode(time_.history(journal_.place())));
}

/// Of those in memory and in the index; INT64_MAX: there is none.
std::int64_t engine_core::next_timer() const noexcept {
  auto due = timers_.next_due().value_or(INT64_MAX);
  return std::min(due, timers_.loaded_until);
}

}  // namespace detail
}}  // namespace stet::v0
