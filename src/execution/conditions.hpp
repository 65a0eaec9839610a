// The conditions that a run waits for, and which of them may hold by now.
//
// A condition that waits for a signal or for the answer to a command can't hold before one comes:
// if there are many, it is put aside until then, so that an event costs the same beside many waits
// as beside few. The others (predicates) are tested after every event. Invariants: if an unread
// signal has a name for which conditions are put aside, then an older one of them isn't, or has
// been tested since; candidates are in the order of their numbers.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <stet/scope.hpp>

#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

class conditions {
 public:
  /// Makes room for one more condition.
  void make_room();
  /// Adds a condition that was tested just now, and doesn't hold. Its number is above all others.
  /// There must be room.
  void add(condition& c) noexcept;
  /// Removes a condition; does nothing if it isn't here.
  void remove(condition& c) noexcept;
  /// A signal with this name has come.
  void signal_came(std::string_view name) noexcept;
  /// A command has its answer.
  void answered(command_number of) noexcept;
  /// Tests the conditions that may hold, the oldest first. Returns the first for which `holds`
  /// returns true; null if there is none.
  template <class F> condition* first_that(F holds) {
    for (std::size_t i = 0; i < candidates_.size();) {
      auto* c = candidates_[i];
      if (holds(*c)) return c;
      if (put_aside(*c)) candidates_.erase(candidates_.begin() + static_cast<std::ptrdiff_t>(i));
      else ++i;
    }
    return nullptr;
  }

 private:
  using by_age = std::map<command_number, condition*>;

  bool put_aside(condition& c) noexcept;
  void wake(condition& c) noexcept;
  void wake_next(std::string_view name) noexcept;

  std::vector<condition*> candidates_;  // has room for all conditions
  std::map<std::string, by_age, std::less<>> of_signals_;
  std::multimap<command_number, condition*> of_answers_;  // by the command that they wait for
  std::size_t count_ = 0;
};

}}}  // namespace stet::v0::detail
