// The attempts of a run, by their steps. A run with few attempts has no index: its attempts are
// looked through.
#pragma once
#include <cstddef>
#include <map>
#include <vector>

#include "engine/bodies/attempt.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Empty, or with all attempts of the run: it is made when these become more than a few.
class attempt_index {
 public:
  static constexpr std::size_t without_index_max = 16;

  /// `all`: the attempts of the run, `a` among them.
  void added(attempt& a, const std::vector<attempt*>& all) {
    if (!by_step_.empty()) {
      by_step_.emplace(a.order.command, &a);
    } else if (all.size() > without_index_max) {
      for (auto* any : all) by_step_.emplace(any->order.command, any);
    }
  }
  void removed(const attempt& a) noexcept {
    auto [from, to] = by_step_.equal_range(a.order.command);
    for (auto at = from; at != to; ++at)
      if (at->second == &a) return void(by_step_.erase(at));
  }
  /// Calls `f` for each attempt of one step, the earliest first if there is an index. `f` must not
  /// add or remove attempts. Returns how many attempts were looked at.
  template <class F>
  std::size_t for_each(command_number step, const std::vector<attempt*>& all, F f) const {
    std::size_t looks = 0;
    if (by_step_.empty()) {
      for (auto* a : all) {
        ++looks;
        if (a && a->order.command == step) f(*a);
      }
      return looks;
    }
    auto [from, to] = by_step_.equal_range(step);
    for (auto at = from; at != to; ++at, ++looks) f(*at->second);
    return looks;
  }

 private:
  std::multimap<command_number, attempt*> by_step_;
};

}}}  // namespace stet::v0::detail
