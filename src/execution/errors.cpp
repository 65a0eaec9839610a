#include "execution/errors.hpp"

#include <cxxabi.h>

#include <cstdlib>

#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "execution/limits.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t path_length_max = 64;
constexpr std::size_t message_bytes_max = 64u << 10;
constexpr std::string_view decode_operation = "decode";  // of the errors of stet::decode

std::string spell(const char* mangled) {
  int result = 0;
  char* readable = abi::__cxa_demangle(mangled, nullptr, nullptr, &result);
  std::string s = result == 0 ? readable : mangled;
  std::free(readable);
  return s;
}

/// Cuts an error to the limits, since it is recorded in any case.
failure within_limits(failure f) {
  auto length = f.message.size();
  if (length > message_bytes_max) {
    f.message.resize(message_bytes_max);
    f.message += "… (" + std::to_string(length) + " bytes)";
  }
  if (f.payload.size() <= payload_limit::now()) return f;
  f.message = "the error " + shown(f.type) + " would have " + std::to_string(f.payload.size()) +
              " bytes, and a payload has at most " + std::to_string(payload_limit::now()) +
              "; it said: " + f.message;
  f.type = error_too_long;
  f.payload.clear();
  return f;
}

bool is_of_decode(const error& e) noexcept {
  return e.code() == errc::payload && e.operation() == decode_operation;
}

}  // namespace

bool is_undecodable(const std::exception_ptr& e) noexcept {
  try {
    std::rethrow_exception(e);
  } catch (const undecodable&) { return true; } catch (...) {
    return false;
  }
}

void error_registry::add(std::unique_ptr<declared_error> e) {
  if (declares(e->name()))
    throw error(errc::conflict, "define",
                "the error type " + shown(e->name()) + " is declared already");
  declared_.push_back(std::move(e));
}

bool error_registry::declares(std::string_view type) const noexcept {
  for (auto& d : declared_)
    if (d->name() == type) return true;
  return false;
}

escape error_registry::escape_of(const std::exception_ptr& e) const noexcept {
  try {
    std::rethrow_exception(e);
  } catch (const undecodable&) { return escape::undecodable; } catch (const failed&) {
    return escape::answer;
  } catch (const error& x) {  // of stet::decode in the code itself
    return is_of_decode(x) ? escape::undecodable : escape::answer;
  } catch (const permanent_error&) { return escape::answer; } catch (const std::exception& x) {
    for (auto& d : declared_)
      if (d->is(x)) return escape::answer;
    return escape::accident;
  } catch (const cancelled&) { return escape::answer; } catch (const stopped&) {
    return escape::answer;
  } catch (...) { return escape::accident; }
}

failure error_registry::describe(const std::exception_ptr& e) const {
  failure f;
  try {
    std::rethrow_exception(e);
  } catch (const failed& x) {  // the words of the failure further down, not of a wrapper
    f.type = x.type();
    f.message = x.operation() + ": " + x.message();
    f.attempts = x.attempts();
    f.path = x.cause().path;
    if (f.path.size() >= path_length_max) f.path.erase(f.path.begin());
    f.path.insert(f.path.begin(), {x.code(), x.operation(), x.attempts()});
  } catch (const std::exception& x) {
    for (auto& d : declared_) {
      try {
        if (d->describe(x, f)) return within_limits(std::move(f));
      } catch (...) {
        f = {};  // its codec threw: record it as an undeclared one
      }
    }
    const bool is_own = dynamic_cast<const undecodable*>(&x) != nullptr;
    f.type = spell(is_own ? typeid(error).name() : typeid(x).name());
    f.message = words_of(x);
  } catch (const cancelled& x) {
    f.type = "stet::cancelled";
    f.message = x.reason();
  } catch (const stopped&) {
    f.type = "stet::stopped";
    f.message = "the body stopped before it had a result";
  } catch (...) {
    auto* type = abi::__cxa_current_exception_type();
    f.type = type ? spell(type->name()) : "unknown";
    f.message = "an exception that isn't derived from std::exception";
  }
  return within_limits(std::move(f));
}

void error_registry::raise(errc code, std::string_view operation, const failure& f) const {
  for (auto& d : declared_) {
    if (d->name() != f.type) continue;
    try {
      d->raise(f);
    } catch (const error& e) {
      if (d->is(e) || !is_of_decode(e)) throw;
      throw undecodable(errc::payload, operation,
                        "the exception " + shown(f.type) + " doesn't decode: " + e.what());
    }
  }
  switch (code) {
    case errc::step_timed_out: throw step_timed_out(code, operation, f);
    case errc::step_interrupted: throw step_interrupted(code, operation, f);
    case errc::step_crashed: throw step_crashed(code, operation, f);
    case errc::step_failed: throw step_failed(code, operation, f);
    case errc::promise_rejected: throw promise_rejected(code, operation, f);
    case errc::update_failed: throw update_failed(code, operation, f);
    case errc::usage:
    case errc::payload:
    case errc::corrupt:
    case errc::not_found:
    case errc::run_ended:
    case errc::rejected: throw error(code, operation, f.message);
    default: throw child_failed(code, operation, f);
  }
}

}  // namespace detail
}}  // namespace stet::v0
