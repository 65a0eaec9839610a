// Non-blocking steps: what ends a step whose body only began something.
#pragma once
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <stet/codec.hpp>
#include <stet/error.hpp>
#include <stet/export.hpp>

namespace stet { inline namespace v0 {

namespace detail {
class completion_state;

/// What is called when a pending step is asked to stop.
class STET_API stop_callback {
 public:
  stop_callback() = default;
  stop_callback(const stop_callback&) = delete;
  stop_callback& operator=(const stop_callback&) = delete;
  virtual ~stop_callback();
  virtual void call() = 0;
};
template <class F> class stop_callback_of final : public stop_callback {
 public:
  explicit stop_callback_of(F f) : f_(std::move(f)) {}
  void call() override { f_(); }

 private:
  F f_;
};
}  // namespace detail

/// An attempt of a step that is pending: what its body may know of it, as step_context is for one
/// that works itself. A handle: copies are the same attempt.
///
/// Thread   any; of one object, assignment and destruction alone.
/// Life     usable as long as you like, also after the attempt, its run and the engine have ended.
///          When the last handle is gone and the attempt was not ended, it fails.
class STET_API pending_step {
 public:
  explicit pending_step(detail::completion_state& s) noexcept;
  pending_step(const pending_step& o) noexcept;
  pending_step(pending_step&& o) noexcept : state_(std::exchange(o.state_, nullptr)) {}
  pending_step& operator=(pending_step o) noexcept {
    std::swap(state_, o.state_);
    return *this;
  }
  ~pending_step();

  /// 1 at first. Rises with each attempt, also with those that a crash cut short.
  unsigned attempt() const noexcept;
  /// The same at every attempt, and unique across runs, stores and devices. No secret, as
  /// step_context's.
  std::string idempotency_key() const;
  /// True after a time-out, a cancellation, a lost race or the engine's close.
  bool stop_requested() const noexcept;
  /// Has `f()` called once, when the attempt is asked to stop; at once, if it was. Another one
  /// takes its place. It is destroyed when the attempt ends.
  ///
  /// Thread   `f` is called on the engine's own thread, during whatever that does: it must be quick
  ///          and not call the engine. It may end the attempt. What it throws is lost.
  /// Life     `f` must not hold the completion: the last handle would never go.
  template <class F> void on_stop(F&& f) const {
    stop_with(std::make_unique<detail::stop_callback_of<std::decay_t<F>>>(std::forward<F>(f)));
  }
  /// Says how far it is, as step_context::heartbeat does. Nothing, once the attempt has ended.
  template <class T> void heartbeat(const T& progress) const {
    std::string b;
    encode(b, progress);
    beat(std::move(b));
  }
  /// What the latest heartbeat of an earlier attempt said.
  /// Throws   errc::payload if it was no T.
  template <class T> std::optional<T> progress() const {
    auto b = last_progress();
    if (b.empty()) return std::nullopt;
    return decode<T>(b);
  }

 protected:
  bool settle(std::string result) const noexcept;
  bool settle(std::exception_ptr error) const noexcept;
  /// In a handler: the value can't be encoded.
  bool settle_unencodable() const noexcept;

 private:
  void stop_with(std::unique_ptr<detail::stop_callback> f) const noexcept;
  void beat(std::string) const;
  std::string_view last_progress() const noexcept;
  detail::completion_state* state_;
};

/// Ends a step whose body began something that ends later: a body that takes one first makes its
/// step a non-blocking one. It returns at once and keeps a copy, and no thread waits.
///     auto text = co_await ctx.step(
///         "fetch", [](stet::completion<std::string> done, std::string url) {
///           http.get(url, [done](reply r) { done.resolve(r.text); });
///         }, url);
///
/// The attempt ends once, by whatever comes first: resolve, reject, what the body throws, a
/// time-out. When the last copy is gone without any of that, it fails, and is tried again as the
/// step's policy says. Time-outs, retries, cancellation, at_most_once and crashes mean what they
/// mean to any step; a close counts as a crash for what is pending. What is rejected because it was
/// asked to stop is rejected with stet::stopped.
///
/// A body that captures may have lent its workflow's variables to whatever it began: until the
/// attempt is ended, or the last copy gone, the run waits even after a time-out, and so does the
/// engine's close. After resolve and reject they must not be touched. A function, a captureless
/// lambda or stet::owning(lambda) is left behind instead.
template <class R = void> class completion : public pending_step {
 public:
  using pending_step::pending_step;
  /// The attempt's result. Returns whether this ended it: false if something else did before.
  /// Durable  soon after, not when it returns.
  bool resolve(const R& value) const noexcept {
    try {
      std::string b;
      encode<R>(b, value);
      return settle(std::move(b));
    } catch (...) { return settle_unencodable(); }
  }
  /// The attempt has failed, as if its body had thrown that. Returns as resolve.
  bool reject(std::exception_ptr error) const noexcept { return settle(std::move(error)); }
  template <std::derived_from<std::exception> E> bool reject(const E& error) const noexcept {
    return settle(std::make_exception_ptr(error));
  }
  bool reject(const stopped& s) const noexcept { return settle(std::make_exception_ptr(s)); }
};
template <> class completion<void> : public pending_step {
 public:
  using pending_step::pending_step;
  bool resolve() const noexcept {
    std::string b;
    writer(b).null();
    return settle(std::move(b));
  }
  bool reject(std::exception_ptr error) const noexcept { return settle(std::move(error)); }
  template <std::derived_from<std::exception> E> bool reject(const E& error) const noexcept {
    return settle(std::make_exception_ptr(error));
  }
  bool reject(const stopped& s) const noexcept { return settle(std::make_exception_ptr(s)); }
};

}}  // namespace stet::v0
