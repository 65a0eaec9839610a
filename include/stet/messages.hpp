// Handles for what a run waits for, and what others, or the run itself, bring about: signals,
// conditions, promises, children that were started earlier. Made by stet::context.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <stet/codec.hpp>
#include <stet/compose.hpp>
#include <stet/export.hpp>
#include <stet/names.hpp>
#include <stet/operation.hpp>
#include <stet/options.hpp>
#include <stet/scope.hpp>

namespace stet { inline namespace v0 {
namespace detail {

/// The condition of context::until.
template <class P> class predicate final : public condition {
 public:
  template <class Q>
  predicate(Q&& p, source_point at) : condition("condition", at), holds_(std::forward<Q>(p)) {}
  bool holds(execution&) override { return static_cast<bool>(holds_()); }

 private:
  P holds_;
};

/// A command of the run that is waited for later, or never. The run and its handles share it.
class STET_API held_command {
 public:
  explicit held_command(command* c) noexcept : command_(c) {}
  held_command(const held_command& o) noexcept;
  held_command(held_command&& o) noexcept : command_(std::exchange(o.command_, nullptr)) {}
  held_command& operator=(held_command o) noexcept {
    std::swap(command_, o.command_);
    return *this;
  }
  ~held_command();
  /// Makes the command that waits for its answer.
  command* wait(source_point at) const;
  /// Returns the text by which a caller outside names the promise.
  std::string token() const;
  /// Returns the id of the child.
  const std::string& target() const noexcept;

 private:
  command* command_;
};

}  // namespace detail

/// A promise that the run has opened with context::promise. Copies are the same promise.
///
/// Thread   only the workflow's own; the token goes anywhere.
template <class T> class pending_promise {
 public:
  explicit pending_promise(detail::held_command c) noexcept : command_(std::move(c)) {}
  /// Returns the token with which client::resolve or client::reject answers the promise: at most 80
  /// letters, digits and dots. It comes from a secret of the run: it can't be computed from another
  /// token, an idempotency key, random() or uuid(). It stays valid when the store is copied.
  std::string token() const { return command_.token(); }
  /// Waits for the answer. May be called again and again.
  ///
  /// Throws   promise_rejected if the promise was rejected; stet::cancelled.
  operation<T> wait(source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return operation<T>(command_.wait(at));
  }
  /// Waits for the answer, no longer than `limit`. Returns an empty optional (false for void) if
  /// there was none by then. The promise stays open.
  auto wait(duration limit, source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return stet::with_timeout(limit, wait(at));
  }

 private:
  detail::held_command command_;
};

/// A child that was started by context::start_child. Copies are the same child.
///
/// Thread   only the workflow's own.
template <class R> class child_handle {
 public:
  explicit child_handle(detail::held_command c) noexcept : command_(std::move(c)) {}
  /// Returns the id of the child.
  const std::string& id() const noexcept { return command_.target(); }
  /// Waits for the child's result. May be called again and again. Cancelling this wait leaves the
  /// child alone.
  ///
  /// Throws   as context::child.
  operation<R> result(source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return operation<R>(command_.wait(at));
  }

 private:
  detail::held_command command_;
};

}}  // namespace stet::v0
