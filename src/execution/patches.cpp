#include "execution/patches.hpp"

#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {

bool patches::is_patched(std::string_view patch, std::uint32_t line) {
  if (auto known = asked_.find(patch); known != asked_.end()) return known->second;
  bool yes = !cursor_.is_replaying() || cursor_.finds_marker(patch);
  if (yes) mark(patch, line);
  asked_.emplace(patch, yes);
  return yes;
}

void patches::deprecate(std::string_view patch, std::uint32_t line) {
  if (asked_.contains(patch)) return;
  if (cursor_.is_replaying() && cursor_.finds_marker(patch)) mark(patch, line);
  asked_.emplace(patch, true);
}

void patches::mark(std::string_view patch, std::uint32_t line) noexcept {
  cursor_.emit(commands::patched(patch, line));
}

}}}  // namespace stet::v0::detail
