// The one way in which users' code is called: what it throws is a value from then on, and never
// taken for a failure of the engine's own, whatever its type.
//
// Of the engine's own failures there are three: store_error of the store, std::bad_alloc, and
// broken_invariant (base/ensure.hpp). They end the engine. A users_exception concerns whoever
// asked for the call: a caller is told, a run is stalled, an attempt has failed.
#pragma once
#include <exception>
#include <string>
#include <utility>

#include <stet/error.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// What users' code has thrown. Not derived from std::exception: nobody catches it by accident.
class users_exception final {
 public:
  explicit users_exception(std::exception_ptr thrown) noexcept : thrown_(std::move(thrown)) {}
  const std::exception_ptr& thrown() const noexcept { return thrown_; }

 private:
  std::exception_ptr thrown_;
};

/// Calls users' code. Returns what it throws; null if it returns.
template <class F> std::exception_ptr thrown_by_user(F&& f) noexcept {
  try {
    std::forward<F>(f)();
  } catch (...) { return std::current_exception(); }
  return nullptr;
}
/// Calls users' code. Throws what it throws as a users_exception.
template <class F> decltype(auto) call_user(F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (...) { throw users_exception(std::current_exception()); }
}

/// What an exception says, for people.
std::string words_of(const std::exception_ptr& e);

}}}  // namespace stet::v0::detail
