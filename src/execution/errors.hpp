// Exceptions to what the journal keeps of them, and back.
#pragma once
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <stet/definition.hpp>
#include <stet/error.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// The type of an error that was declared, and is too long to be recorded. Final too.
inline constexpr std::string_view error_too_long = "stet::error_too_long";

/// The error types that cross the journal as themselves. Written before the engine starts, only
/// read afterwards.
class error_registry {
 public:
  /// Throws errc::conflict.
  void add(std::unique_ptr<declared_error> e);
  bool declares(std::string_view type) const noexcept;
  /// Never throws (std::bad_alloc apart).
  failure describe(const std::exception_ptr& e) const;
  /// Throws the declared type, else the class that `code` stands for.
  [[noreturn]] void raise(errc code, std::string_view operation, const failure& f) const;

 private:
  std::vector<std::unique_ptr<declared_error>> declared_;
};

}  // namespace detail
}}  // namespace stet::v0
