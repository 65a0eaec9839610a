// Non-blocking steps: the handles by which a step ends whose body only began something.
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
#include <stet/found.hpp>
#include <stet/impl/guesses.hpp>

namespace stet { inline namespace v0 {

namespace detail {
class completion_state;

/// A callback that is called when a pending step is asked to stop.
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

/// A pending attempt of a step: tells the attempt's body what step_context tells a body that works
/// itself. A handle: copies stand for the same attempt.
///
/// Thread   any; while one object is assigned or destroyed, no other thread uses that object.
/// Life     usable as long as you like, also after the attempt, its run and the engine have ended.
///          An attempt that nothing has ended fails when its last handle is gone.
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

  /// Returns the number of the attempt: 1 at first. It rises with each attempt, also with those
  /// that a crash cut short.
  unsigned attempt() const noexcept;
  /// Returns a text that is the same at every attempt, and unique across runs, stores and devices.
  /// It is no secret, as step_context::idempotency_key isn't.
  std::string idempotency_key() const;
  /// Returns true after a time-out, a cancellation, a lost race or the engine's close.
  bool stop_requested() const noexcept;
  /// Registers `f`, which is called once, when the attempt is asked to stop; at once, if that has
  /// happened. A later `f` replaces an earlier one. `f` is destroyed when the attempt ends.
  ///
  /// Thread   `f` is called on the engine's own thread, which may be in the middle of anything, on
  ///          the thread that closes the engine, or at once on the caller's: `f` must be quick and
  ///          not call the engine. It may end the attempt. An exception that it throws is dropped.
  /// Life     `f` must not hold the completion: the last handle would never go.
  template <class F> void on_stop(F&& f) const {
    stop_with(std::make_unique<detail::stop_callback_of<std::decay_t<F>>>(std::forward<F>(f)));
  }
  /// Reports progress, as step_context::heartbeat does. Does nothing once the attempt has ended.
  /// Throws   errc::payload if `progress` is longer than a payload may be; what its codec throws.
  template <class T> void heartbeat(const T& progress) const {
    std::string b;
    encode(b, progress);
    beat(std::move(b));
  }
  /// Returns what the latest heartbeat of an earlier attempt said; an empty optional if there was
  /// none.
  /// Throws   errc::payload if it was no `T`.
  template <class T> found<T> progress() const {
    auto b = last_progress();
    if (b.empty()) return std::nullopt;
    return decode<T>(b);
  }

 protected:
  bool settle(std::string result) const noexcept;
  bool settle(std::exception_ptr error) const noexcept;
  /// Ends the attempt as failed because its result can't be encoded. Call it in a catch block.
  bool settle_unencodable() const noexcept;

 private:
  void stop_with(std::unique_ptr<detail::stop_callback> f) const noexcept;
  void beat(std::string) const;
  std::string_view last_progress() const noexcept;
  detail::completion_state* state_;
};

/// Ends a step whose body began something that ends later. A body that takes a completion first
/// makes its step a non-blocking one: it keeps a copy and returns at once, and no thread waits.
///     auto text = co_await ctx.step(
///         "fetch", [](stet::completion<std::string> done, std::string url) {
///           http.get(url, [done](reply r) { done.resolve(r.text); });
///         }, url);
///
/// An attempt ends once, by whatever comes first: resolve, reject, an exception of the body, a
/// time-out. If the last copy is gone without any of these, the attempt fails, and the step is
/// tried again as its policy says. Time-outs, retries, cancellation, at_most_once and crashes mean
/// what they mean to any step; for a pending attempt a close counts as a crash. An attempt that
/// ends early because it was asked to stop is rejected with stet::stopped.
///
/// A body that captures may have lent its workflow's variables to what it began: until the attempt
/// is ended, or its last copy is gone, the run waits even after a time-out, and so does the
/// engine's close. After resolve and reject those variables must not be touched. If the body is a
/// function, a captureless lambda or stet::owning(lambda), neither waits.
template <class R = void> class completion : public pending_step {
 public:
  using pending_step::pending_step;
  /// Ends the attempt with its result.
  /// Returns  false if something else ended the attempt before.
  /// Durable  soon after, not when it returns.
  bool resolve(const R& value) const noexcept {
    try {
      std::string b;
      encode<R>(b, value);
      return settle(std::move(b));
    } catch (...) { return settle_unencodable(); }
  }
  /// Ends the attempt as failed, as if its body had thrown `error`. Returns as resolve.
  bool reject(std::exception_ptr error) const noexcept { return settle(std::move(error)); }
  template <std::derived_from<std::exception> E> bool reject(const E& error) const noexcept {
    return settle(std::make_exception_ptr(error));
  }
  /// A compile error that says what to write.
  template <detail::text S> bool reject(const S&) const {
    static_assert(detail::never<S>,
                  "stet: a completion is rejected with an exception: "
                  "done.reject(std::runtime_error(text))");
    return false;
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
