// Tells errors that concern one run from errors of the engine, and makes the errors that callers
// get.
#pragma once
#include <cstdint>
#include <exception>
#include <string_view>

#include <stet/error.hpp>

#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Whether the error is that something of one run can't be read, which is no reason to stop the
/// engine. (An error that a store reports is one.)
bool is_of_one_run(const error& e) noexcept;
error unreadable_history(const run_state& s, const char* why);
/// The run exists, but its snapshot can't be read: errc::corrupt.
class unreadable_run final : public error {
 public:
  unreadable_run(run_number number, std::string_view id);
  run_number run() const noexcept { return run_; }

 private:
  run_number run_;
};
/// Returns the exception that `make` returns. If `make` throws, as there may be no memory for a
/// text, returns that exception.
template <class F> std::exception_ptr to_exception(F make) noexcept {
  try {
    return std::make_exception_ptr(make());
  } catch (...) { return std::current_exception(); }
}
/// The error that callers get for a failure of the engine, or for an exception of a decoder.
std::exception_ptr as_error(std::exception_ptr e) noexcept;
/// A copy of an error, so that each of several threads gets an object of its own.
std::exception_ptr own_copy(const std::exception_ptr& e);

}  // namespace detail
}}  // namespace stet::v0
