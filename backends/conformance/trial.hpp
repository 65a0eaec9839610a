// A trial: the check of one clause, with its store and its breaches.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <stet/conformance.hpp>
#include <stet/store.hpp>

#include "port/mutex.hpp"
#include "words.hpp"

namespace stet { inline namespace v0 { namespace conformance {

/// Ends a clause that couldn't be checked.
struct clause_skipped {
  std::string why;
};
/// Ends a clause that has had several breaches.
struct clause_ended {};

/// The value of a key that is absent.
inline const std::optional<std::string> nothing;

/// The last failure, in words. Thread: any.
class failure_note {
 public:
  void note(std::string text) {
    port::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  std::string text() const {
    port::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable port::mutex mutex_;
  std::string text_ STET_GUARDED_BY(mutex_);
};

class trial {
 public:
  trial(const target& t, std::string_view clause, report& r)
      : target_(t), clause_(clause), report_(r), random_(r.seed) {}

  const target& where() const noexcept { return target_; }
  /// Starts again from the seed for every clause.
  std::mt19937_64& random() noexcept { return random_; }

  /// Opens the place; ends the clause if that gives no store. The store must end before the trial.
  std::unique_ptr<store> open();
  /// Opens a new, empty place, otherwise as open().
  std::unique_ptr<store> open_fresh();

  // Each of these checks something and returns whether it holds. If it doesn't, that is a breach.
  // `what` says what was done or looked at.

  bool same(std::string_view what, const pairs& expected, const pairs& found);
  bool same(std::string_view what, const std::optional<std::string>& expected,
            const std::optional<std::string>& found);
  bool same_count(std::string_view what, std::uint64_t expected, std::uint64_t found);
  bool holds(std::string_view what, bool is_so);
  /// Checks that `f` throws a store_error with this code.
  bool fails(std::string_view what, errc code, const std::function<void()>& f);
  /// Checks that `f` throws a store_error with this code which says that nothing was written.
  bool refuses(std::string_view what, errc code, const std::function<void()>& f);

  /// Reports a breach; ends the clause if it had several.
  void tell(std::string_view what, std::string expected, std::string found);
  /// The store's call that threw last.
  std::string failed_call() const { return failed_call_.text(); }

 private:
  const target& target_;
  const std::string_view clause_;
  report& report_;
  std::mt19937_64 random_;
  failure_note failed_call_;
  int breaches_ = 0;
};

/// A clause of the contract, and its check.
struct clause {
  std::string_view name;
  void (*check)(trial& t);
};

// All clauses, in the order of their checks.
std::span<const clause> process_clauses();
std::span<const clause> commit_clauses();
std::span<const clause> scan_clauses();
std::span<const clause> limit_clauses();
std::span<const clause> lifetime_clauses();
std::span<const clause> thread_clauses();
std::span<const clause> fault_clauses();
std::span<const clause> walk_clauses();

}  // namespace conformance
}  // namespace v0
}  // namespace stet
