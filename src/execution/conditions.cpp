#include "execution/conditions.hpp"

#include <algorithm>
#include <new>

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t candidates_max = 16;  // this many are tested without being put aside

bool is_older(const condition* a, const condition* b) noexcept { return a->id < b->id; }

}  // namespace

void conditions::make_room() {
  if (candidates_.capacity() <= count_) candidates_.reserve(2 * count_ + 1);
}

void conditions::add(condition& c) noexcept {
  ++count_;
  if (!put_aside(c)) candidates_.push_back(&c);
}

void conditions::remove(condition& c) noexcept {
  auto at = std::lower_bound(candidates_.begin(), candidates_.end(), &c, is_older);
  if (at != candidates_.end() && *at == &c) {
    candidates_.erase(at);
    --count_;
  } else if (auto some = of_signals_.find(c.awaited_signal); some != of_signals_.end()) {
    count_ -= some->second.erase(command_number(c.id));
    if (some->second.empty()) of_signals_.erase(some);
  } else {
    auto [from, to] = of_answers_.equal_range(command_number(c.awaited_command));
    auto found = std::find_if(from, to, [&](auto& entry) { return entry.second == &c; });
    if (found == to) return;
    of_answers_.erase(found);
    --count_;
  }
  // It may have been the one that was to take a signal, or there are more of these.
  if (!c.awaited_signal.empty()) wake_next(c.awaited_signal);
}

void conditions::signal_came(std::string_view name) noexcept { wake_next(name); }

void conditions::answered(command_number of) noexcept {
  auto [from, to] = of_answers_.equal_range(of);
  for (auto at = from; at != to; ++at) wake(*at->second);
  of_answers_.erase(from, to);
}

/// Returns false if the condition is to be tested after every event, or if there is no memory.
bool conditions::put_aside(condition& c) noexcept try {
  if (candidates_.size() < candidates_max) return false;
  if (!c.awaited_signal.empty()) {
    auto some = of_signals_.find(c.awaited_signal);
    if (some == of_signals_.end())
      some = of_signals_.emplace(std::string(c.awaited_signal), by_age()).first;
    some->second.emplace(command_number(c.id), &c);
    return true;
  }
  if (c.awaited_command) of_answers_.emplace(command_number(c.awaited_command), &c);
  return c.awaited_command != 0;
} catch (const std::bad_alloc&) { return false; }

/// The condition is tested with the next ones. Needs no memory: see make_room().
void conditions::wake(condition& c) noexcept {
  candidates_.insert(std::upper_bound(candidates_.begin(), candidates_.end(), &c, is_older), &c);
}

/// Wakes the oldest condition that waits for this signal and was put aside.
void conditions::wake_next(std::string_view name) noexcept {
  auto some = of_signals_.find(name);
  // It is empty if there was no memory to put the first of them aside.
  if (some == of_signals_.end() || some->second.empty()) return;
  auto oldest = some->second.begin();
  wake(*oldest->second);
  some->second.erase(oldest);
  if (some->second.empty()) of_signals_.erase(some);
}

}}}  // namespace stet::v0::detail
