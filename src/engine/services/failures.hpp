// What is wrong with one run, and what with the engine; and how callers are told.
#pragma once
#include <cstdint>
#include <exception>
#include <string_view>

#include <stet/error.hpp>

#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Something of one run can't be read: no reason to end the engine. (What a store reports is one.)
bool is_of_one_run(const error& e) noexcept;
error unreadable_history(const run_state& s, const char* why);
/// There is such a run, and its snapshot can't be read: errc::corrupt.
class unreadable_run final : public error {
 public:
  unreadable_run(run_number number, std::string_view id);
  run_number run() const noexcept { return run_; }

 private:
  run_number run_;
};
/// The exception that `make` returns, or the one that it throws: there may be no memory for a text.
template <class F> std::exception_ptr to_exception(F make) noexcept {
  try {
    return std::make_exception_ptr(make());
  } catch (...) { return std::current_exception(); }
}
/// What callers are told of the engine's failure, and of what a decoder has thrown.
std::exception_ptr as_error(std::exception_ptr e) noexcept;
/// Of an error that several threads are to be told: each gets an object of its own.
std::exception_ptr own_copy(const std::exception_ptr& e);

}  // namespace detail
}}  // namespace stet::v0
