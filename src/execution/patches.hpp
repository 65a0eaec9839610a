// Decides which way a run takes at each of its patches: context::patched, context::deprecate_patch.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "execution/replay_cursor.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::size_t patch_bytes_max = 200;

/// The caller has checked the ids of patches.
class patches {
 public:
  explicit patches(replay_cursor& e) noexcept : cursor_(e) {}

  /// Returns true if the run takes the new way; that stays so from now on. A run takes it if it is
  /// at a part of its code where nothing was recorded yet, or if the history has the patch's marker
  /// here. If code without the patch came past here, the history has another record in this place,
  /// or the next event if nothing was emitted.
  bool is_patched(std::string_view patch, std::uint32_t line);
  void deprecate(std::string_view patch, std::uint32_t line);
  /// Returns true if the code has asked for the patch, and the run takes its new way.
  bool knows(std::string_view patch) const noexcept {
    auto known = asked_.find(patch);
    return known != asked_.end() && known->second;
  }

 private:
  void mark(std::string_view patch, std::uint32_t line) noexcept;

  replay_cursor& cursor_;
  std::map<std::string, bool, std::less<>> asked_;  // the run's answers
};

}}}  // namespace stet::v0::detail
