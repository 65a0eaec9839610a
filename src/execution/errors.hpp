// Turns exceptions into what the history keeps of them, and back.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <stet/definition.hpp>
#include <stet/error.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// The type of a declared error that is too long to be recorded. Such an error is final, too.
inline constexpr std::string_view error_too_long = "stet::error_too_long";

/// Something that the code of a run reads is no value of the type that the code has for it:
/// errc::payload.
class undecodable final : public error {
 public:
  using error::error;
};

bool is_undecodable(const std::exception_ptr& e) noexcept;

/// The meaning of an exception that escapes the code of a run.
enum class escape : std::uint8_t {
  answer,       // it is declared, or Stet's own: the code's answer
  accident,     // any other exception
  undecodable,  // something that the code reads doesn't decode
};

/// The error types that keep their type in a history. They are added before the engine starts and
/// only read afterwards.
class error_registry {
 public:
  /// Throws errc::conflict if the type is declared already.
  void add(std::unique_ptr<declared_error> e);
  bool declares(std::string_view type) const noexcept;
  escape escape_of(const std::exception_ptr& e) const noexcept;
  /// Never throws, except std::bad_alloc.
  failure describe(const std::exception_ptr& e) const;
  /// Throws the declared type, or else the class for `code`.
  [[noreturn]] void raise(errc code, std::string_view operation, const failure& f) const;

 private:
  std::vector<std::unique_ptr<declared_error>> declared_;
};

}  // namespace detail
}}  // namespace stet::v0
