// Invariants that are checked in every build.
//
// An invariant that doesn't hold is a mistake of Stet's own, and everything written after it could
// be wrong. ensure() throws broken_invariant, which leaves the engine's turn: the engine stops,
// every caller gets errc::internal with the text, and the store keeps what is durable. The host
// goes on. Don't use it for a fault that a caller or a store can cause: such faults have errors of
// their own. Don't use it in functions that are noexcept.
#pragma once
#include <source_location>
#include <stdexcept>

namespace stet { inline namespace v0 { namespace detail {

class broken_invariant final : public std::logic_error {
 public:
  broken_invariant(const char* what, std::source_location at);
  broken_invariant(const broken_invariant&) = default;
  broken_invariant& operator=(const broken_invariant&) = default;
  ~broken_invariant() override;
};

/// Out of line, so that a check costs a comparison.
[[noreturn]] void fail_invariant(const char* what, std::source_location at);

/// Checks that `holds`. `what` says the rule, as in "a body begins only when its cause is durable".
inline void ensure(bool holds, const char* what,
                   std::source_location at = std::source_location::current()) {
  if (!holds) [[unlikely]]
    fail_invariant(what, at);
}

}}}  // namespace stet::v0::detail
