// The result of a look-up: a value, or none. It is a std::optional whose temporaries can't dangle.
#pragma once
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <stet/config.hpp>
#include <stet/export.hpp>
#include <stet/impl/guesses.hpp>

namespace stet { inline namespace v0 {

namespace detail {
/// Throws   errc::not_found: there is no such thing.
[[noreturn]] STET_API void throw_not_found(std::string_view what);
}  // namespace detail

/// A value that was looked for, or none. It is used like a std::optional, and is one. A temporary
/// gives its value away instead of a reference to it, so these loops are right:
///
///     for (auto& w : engine.admin().describe(id).value().waits_for) …
///     for (auto& tag : *run.attributes.get(Tags)) …
///
/// With std::optional both would read a vector that is gone. `describe(id)->waits_for` would, too,
/// and doesn't compile.
///
/// It is compared with a value or with another one by == and !=. For an order compare the values:
/// `a.value() < b.value()`.
template <class T> class found : public std::optional<T> {
  using base = std::optional<T>;

 public:
  found() noexcept = default;
  found(std::nullopt_t) noexcept {}
  found(T value) : base(std::move(value)) {}
  /// Says that there is no value. `what` names the thing for the error of value(): "run 'x'".
  found(std::nullopt_t, std::string what) noexcept : what_(std::move(what)) {}
  // std::optional's operators compare one with a value, and would take these for values.
  template <std::same_as<found> A, std::same_as<found> B>
  friend bool operator==(const A& a, const B& b) {
    return static_cast<const base&>(a) == static_cast<const base&>(b);
  }
  template <class U> friend bool operator==(const found& a, const std::optional<U>& b) {
    return static_cast<const base&>(a) == b;
  }

  /// Returns the value.
  /// Throws   errc::not_found if there is none; the message names what was looked for.
  T& value() & STET_LIFETIMEBOUND {
    must_be_there();
    return base::operator*();
  }
  const T& value() const& STET_LIFETIMEBOUND {
    must_be_there();
    return base::operator*();
  }
  T value() && {
    must_be_there();
    return std::move(base::operator*());
  }
  T value() const&& {
    must_be_there();
    return base::operator*();
  }

  /// Returns the value, which must exist. From a temporary it is returned by value.
  T& operator*() & noexcept STET_LIFETIMEBOUND { return base::operator*(); }
  const T& operator*() const& noexcept STET_LIFETIMEBOUND { return base::operator*(); }
  T operator*() && { return std::move(base::operator*()); }
  T operator*() const&& { return base::operator*(); }

  /// Accesses a member of the value, which must exist.
  T* operator->() & noexcept STET_LIFETIMEBOUND { return base::operator->(); }
  const T* operator->() const& noexcept STET_LIFETIMEBOUND { return base::operator->(); }
  /// Not from a temporary: a loop over such a member would read it after its end.
  template <class U = T> T* operator->() && {
    detail::refuse_member_of_temporary<U>();
    return nullptr;
  }
  template <class U = T> const T* operator->() const&& {
    detail::refuse_member_of_temporary<U>();
    return nullptr;
  }

 private:
  void must_be_there() const {
    if (!this->has_value()) detail::throw_not_found(what_);
  }
  std::string what_;
};

}}  // namespace stet::v0
