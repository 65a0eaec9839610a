// Doubles for tests: a clock, random bits, a listener, a record of effects, and a store that fails.
// Part of libstet-testing; <stet/testing.hpp> combines them.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/environment.hpp>
#include <stet/export.hpp>
#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace testing {

/// A clock that moves only when the test moves it.
///
/// Thread   any.
class STET_API virtual_clock : public clock {
 public:
  /// The time at which it begins: milliseconds since 1970.
  static constexpr std::int64_t epoch = 1'700'000'000'000;

  explicit virtual_clock(time_point start = time_point(duration(epoch))) noexcept;
  ~virtual_clock() override;
  time_point wall() noexcept override { return time_point(duration(wall_.load())); }
  duration steady() noexcept override { return duration(steady_.load()); }

  /// Lets time pass, on both clocks.
  void advance(duration d) noexcept;
  /// Sets the wall clock forward or back by `d`, as an operator of the machine would.
  void set(duration d) noexcept { wall_ += d.count(); }

 private:
  std::atomic<std::int64_t> wall_;
  std::atomic<std::int64_t> steady_{5'000'000};
};

/// Random bits that are the same in every run of a test, also those for secrets.
///
/// Thread   any.
class STET_API seeded_entropy final : public entropy {
 public:
  explicit seeded_entropy(std::uint64_t seed = 1) noexcept : state_(seed), secrets_(~seed) {}
  ~seeded_entropy() override;
  std::uint64_t bits() noexcept override;
  std::uint64_t secret_bits() noexcept override;

 private:
  std::atomic<std::uint64_t> state_, secrets_;
};

/// A listener that keeps what was reported.
///
/// Thread   any.
class STET_API recorder final : public listener {
 public:
  ~recorder() override;
  void log(std::string_view id, std::string_view line) noexcept override;
  void event(const engine_event& e) noexcept override;
  void run_ended(const ended_run& r) noexcept override;
  /// Returns what workflows logged, each as "id: line".
  std::vector<std::string> logs() const;
  /// Returns the texts of all events.
  std::vector<std::string> problems() const;
  /// Returns whether an event was reported whose text contains `text`.
  bool heard(std::string_view text) const;
  /// Returns whether an event of this kind was reported.
  bool heard(event_kind kind) const;
  /// Returns the ends of runs, each as "id: completed" or "id: failed: reason".
  std::vector<std::string> ends() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> logs_, problems_, ends_;
  std::vector<event_kind> kinds_;
};

/// Counts how often something took effect in the world outside. Outlives every engine.
///
/// Thread   any.
class STET_API effects {
 public:
  /// Counts an effect. Returns how often it has happened by now.
  int hit(const std::string& what);
  /// Counts an effect in a world that knows idempotency keys: a second call with the same key
  /// counts nothing.
  int hit_once(const std::string& what, const std::string& key);
  /// Counts an effect of which the workflow promises that no crash repeats it: crash_everywhere
  /// checks that.
  int hit_at_most_once(const std::string& what);
  /// Returns how often the effect has happened.
  int of(const std::string& what) const;
  /// Returns how many effects have happened in all.
  int all() const;

  enum class promise : std::uint8_t { at_least_once, exactly_once, at_most_once };
  struct count {
    int times = 0;
    promise promised = promise::at_least_once;
  };
  std::map<std::string, count> counts() const;

 private:
  int add(const std::string& what, promise p);
  mutable std::mutex mutex_;
  std::map<std::string, count> counts_;
  std::set<std::pair<std::string, std::string>> keys_;
};

/// The calls of a store that can fail.
enum class store_call : std::uint8_t { get, scan, commit };
/// When a hook is called: before or after the call.
enum class moment : std::uint8_t { before, after };

/// The kinds of failure that a test injects into a store.
enum class fault : std::uint8_t {
  refused,  ///< commit: nothing written, errc::full. get, scan: errc::store. It may be tried again.
  unknown_applied,  ///< commit: written, yet reported as unknown; every later call throws.
  unknown_lost,     ///< commit: not written, reported as unknown; every later call throws.
};

/// The plan of failures, and counters of calls. The test and the fault_stores that are opened with
/// it share it, so that it lives across reopening. Calls are numbered from 1 over all of these
/// stores.
///
/// Thread   any.
class STET_API faults {
 public:
  using hook = std::function<void(store_call, moment, std::uint64_t number)>;
  static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();

  /// Makes the `number`th call of its kind fail, and the `times` - 1 calls that follow it.
  void fail(store_call what, std::uint64_t number, fault how, std::uint64_t times = 1);
  /// Makes the next call fail, and the `times` - 1 calls that follow it.
  void fail_next(store_call what, fault how, std::uint64_t times = 1);
  /// Removes all planned failures. A store with an unknown outcome goes on failing until it is
  /// opened anew.
  void heal();

  /// Sets a function that is called before and after each operation (also one that fails), by the
  /// thread that makes it. It may throw, or end the process.
  void set_hook(hook h);

  /// Returns the number of operations begun so far, failed ones included.
  std::uint64_t count(store_call what) const;
  /// Returns the number of failures injected so far.
  std::uint64_t injected() const;

 private:
  friend class fault_store;
  struct planned {
    store_call what;
    std::uint64_t first, times;
    fault how;
  };
  /// Counts the call, and calls the hook. Returns the call's number, and how it is to fail, if it
  /// is.
  std::pair<std::uint64_t, std::optional<fault>> begin(store_call what);
  void end(store_call what, std::uint64_t number);

  mutable std::mutex mutex_;
  std::vector<planned> plan_;
  std::uint64_t counts_[3] = {}, injected_ = 0;
  std::shared_ptr<const hook> hook_;
};

/// Passes every call on, except those that `faults` lets fail.
class STET_API fault_store final : public forwarding_store {
 public:
  fault_store(std::unique_ptr<store> inner, std::shared_ptr<faults> f)
      : forwarding_store(std::move(inner)), faults_(std::move(f)) {}
  ~fault_store() override;

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;

 private:
  void check_poison(const char* operation) const;
  [[noreturn]] void fail(const char* operation, errc code, commit_outcome outcome) const;

  std::shared_ptr<faults> faults_;
  std::atomic<bool> poisoned_{false};
};

}}}  // namespace stet::v0::testing
