// What is wrong with one run, and what with the engine; and how callers are told.
#pragma once
#include <exception>

#include <stet/error.hpp>

#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Something of one run can't be read: no reason to end the engine. (What a store reports is one.)
bool is_of_one_run(const error& e) noexcept;
error unreadable_history(const run_state& s, const char* why);
/// What callers are told of the engine's failure, and of what a decoder has thrown.
std::exception_ptr as_error(std::exception_ptr e) noexcept;
/// Of an error that several threads are to be told: each gets an object of its own.
std::exception_ptr own_copy(const std::exception_ptr& e);

}  // namespace detail
}}  // namespace stet::v0
