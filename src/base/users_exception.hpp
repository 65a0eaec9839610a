// The one way to call users' code. An exception from it is a value from then on, and is never taken
// for a failure of the engine's own, whatever its type.
//
// The engine's own failures are store_error from the store, std::bad_alloc, and broken_invariant
// (base/ensure.hpp). They end the engine. A users_exception concerns only the part that asked for
// the call: a caller gets it as an error, a run is stalled, an attempt fails.
#pragma once
#include <exception>
#include <string>
#include <utility>

#include <stet/error.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// An exception from users' code. It isn't derived from std::exception, so that no handler catches
/// it by accident.
class users_exception final {
 public:
  explicit users_exception(std::exception_ptr thrown) noexcept : thrown_(std::move(thrown)) {}
  const std::exception_ptr& thrown() const noexcept { return thrown_; }

 private:
  std::exception_ptr thrown_;
};

/// Calls users' code. Returns its exception, or null if it returns.
template <class F> std::exception_ptr thrown_by_user(F&& f) noexcept {
  try {
    std::forward<F>(f)();
  } catch (...) { return std::current_exception(); }
  return nullptr;
}
/// Calls users' code. Throws its exception as a users_exception.
template <class F> decltype(auto) call_user(F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (...) { throw users_exception(std::current_exception()); }
}

/// The text of an exception, for people, if there may be no memory. Valid as long as `e`; never
/// null.
const char* text_of(const std::exception& e) noexcept;
/// The text of an exception, for people.
std::string words_of(const std::exception_ptr& e);

}}}  // namespace stet::v0::detail
