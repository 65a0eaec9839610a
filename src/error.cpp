// Constructors of the exceptions, and the out-of-line destructors that anchor their type_info.
#include <stet/error.hpp>
#include <stet/found.hpp>

#include "base/shown.hpp"

namespace stet { inline namespace v0 {

std::string_view to_string(errc code) noexcept {
  switch (code) {  // no default: the compiler names an enumerator that is missing
    case errc::usage: return "usage";
    case errc::payload: return "payload";
    case errc::too_deep: return "too_deep";
    case errc::unknown_workflow: return "unknown_workflow";
    case errc::conflict: return "conflict";
    case errc::not_found: return "not_found";
    case errc::rejected: return "rejected";
    case errc::step_failed: return "step_failed";
    case errc::step_timed_out: return "step_timed_out";
    case errc::step_interrupted: return "step_interrupted";
    case errc::step_crashed: return "step_crashed";
    case errc::run_failed: return "run_failed";
    case errc::run_cancelled: return "run_cancelled";
    case errc::run_terminated: return "run_terminated";
    case errc::run_stalled: return "run_stalled";
    case errc::store: return "store";
    case errc::corrupt: return "corrupt";
    case errc::full: return "full";
    case errc::closed: return "closed";
    case errc::child_failed: return "child_failed";
    case errc::promise_rejected: return "promise_rejected";
    case errc::update_failed: return "update_failed";
    case errc::run_ended: return "run_ended";
    case errc::run_timed_out: return "run_timed_out";
    case errc::internal: return "internal";
    case errc::busy: return "busy";
    case errc::other_arguments: return "other_arguments";
  }
  return "unknown";
}

error::error(errc code, std::string_view operation, const std::string& message)
    : std::runtime_error(one_line(message)), code_(code), operation_(operation) {}
error::~error() = default;

namespace {
// "withdraw: no such account (bank::refused, attempt 3)"
std::string failed_message(std::string_view operation, const failure& f) {
  return std::string(operation) + ": " + f.message + " (" + f.type + ", attempt " +
         std::to_string(f.attempts) + ")";
}
}  // namespace

failed::failed(errc code, std::string_view operation, failure f)
    : error(code, operation, failed_message(operation, f)), failure_(std::move(f)) {}
failed::~failed() = default;

step_failed::~step_failed() = default;
step_timed_out::~step_timed_out() = default;
step_crashed::~step_crashed() = default;
step_interrupted::~step_interrupted() = default;
child_failed::~child_failed() = default;
promise_rejected::~promise_rejected() = default;
update_failed::~update_failed() = default;
run_failed::~run_failed() = default;
run_timed_out::~run_timed_out() = default;
run_terminated::~run_terminated() = default;
run_cancelled::~run_cancelled() = default;
cancelled::~cancelled() = default;
stopped::~stopped() = default;
permanent_error::~permanent_error() = default;

namespace detail {
void throw_not_found(std::string_view what) {
  throw error(errc::not_found, "look-up",
              what.empty() ? std::string("there is no such value; ask has_value() first")
                           : "there is no " + std::string(what));
}
}  // namespace detail

}  // namespace v0
}  // namespace stet
