// A store that fails on purpose, counts, and tells a test about every operation.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/store.hpp>

namespace stet_tests {

enum class store_call : std::uint8_t { get, scan, commit };
enum class moment : std::uint8_t { before, after };

/// What an injected failure does.
enum class fault : std::uint8_t {
  refused,  ///< commit: nothing written, errc::full. get, scan: errc::store. It may be tried again.
  unknown_applied,  ///< commit: written, yet reported as unknown; every later call throws.
  unknown_lost,     ///< commit: not written, reported as unknown; every later call throws.
};

/// The plan and the counters. Shared by the test and by the fault_stores that are opened with it,
/// so that it lives across reopening; calls are numbered from 1 over all of them. Thread: any.
class faults {
 public:
  using hook = std::function<void(store_call, moment, std::uint64_t number)>;
  static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();

  /// The `number`th call of its kind fails, and the `times` - 1 that follow it.
  void fail(store_call what, std::uint64_t number, fault how, std::uint64_t times = 1);
  /// The next call fails, and the `times` - 1 that follow it.
  void fail_next(store_call what, fault how, std::uint64_t times = 1);
  /// No more failures; what an unknown outcome has poisoned stays so until it is opened anew.
  void heal();

  /// Called before and after each operation (also one that fails), by the thread that makes it. May
  /// throw, or end the process.
  void set_hook(hook h);

  /// Operations begun so far, failed ones among them.
  std::uint64_t count(store_call what) const;
  /// Failures injected so far.
  std::uint64_t injected() const;

 private:
  friend class fault_store;
  struct planned {
    store_call what;
    std::uint64_t first, times;
    fault how;
  };
  /// Counts the call, and calls the hook: the number, and how it is to fail, if it is.
  std::pair<std::uint64_t, std::optional<fault>> begin(store_call what);
  void end(store_call what, std::uint64_t number);

  mutable std::mutex mutex_;
  std::vector<planned> plan_;
  std::uint64_t counts_[3] = {}, injected_ = 0;
  std::shared_ptr<const hook> hook_;
};

/// Passes everything on, but for what `faults` plans.
class fault_store final : public stet::forwarding_store {
 public:
  fault_store(std::unique_ptr<stet::store> inner, std::shared_ptr<faults> f)
      : forwarding_store(std::move(inner)), faults_(std::move(f)) {}

  std::optional<std::string> get(std::string_view key) override;
  void scan(const stet::scan_range& range, stet::visitor& v) override;
  void commit(const stet::batch& b, stet::durability d) override;

 private:
  void check_poison(const char* operation) const;
  [[noreturn]] void fail(const char* operation, stet::errc code,
                         stet::commit_outcome outcome) const;

  std::shared_ptr<faults> faults_;
  std::atomic<bool> poisoned_{false};
};

}  // namespace stet_tests
