// Which way a run takes at each of its patches: context::patched, context::deprecate_patch.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "execution/emitter.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::size_t patch_bytes_max = 200;

/// Ids of patches have been checked.
class patches {
 public:
  explicit patches(emitter& e) noexcept : emitter_(e) {}

  /// Whether the run takes the new way, from now on. The marker's place is free where nothing was
  /// recorded yet; where code without the call came past, something else is there, an event if
  /// nothing was emitted.
  bool is_patched(std::string_view patch, std::uint32_t line);
  void deprecate(std::string_view patch, std::uint32_t line);
  /// Whether it has been asked for, and the run takes its new way.
  bool knows(std::string_view patch) const noexcept {
    auto known = asked_.find(patch);
    return known != asked_.end() && known->second;
  }

 private:
  void mark(std::string_view patch, std::uint32_t line) noexcept;

  emitter& emitter_;
  std::map<std::string, bool, std::less<>> asked_;  // the run's answers
};

}}}  // namespace stet::v0::detail
