// Load: a number of runs at a time, each replaced as soon as it has ended.
//
// It uses the public headers only. A run reports its end itself: it logs a line before it returns.
// To make sure that these ends are durable, it makes a call that the engine answers only when
// everything before is.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <stet/stet.hpp>

namespace bench {

inline constexpr std::uint32_t steps_per_run = 10;
inline constexpr std::size_t result_bytes = 100;
/// Returns a text of result_bytes: the result of a step.
std::string some_result();

/// Workflows of a number of steps, each of which returns result_bytes.
inline constexpr stet::workflow<void(std::uint32_t)> Pooled{"pooled"};
inline constexpr stet::workflow<void(std::uint32_t)> Inlined{"inlined"};
using kind_of_run = stet::workflow<void(std::uint32_t)>;

/// Defines both.
void define_runs(stet::engine& e);

/// How runs are named: run-0, run-1, …; or scattered, so that neighbours in time are nowhere near
/// each other in the order of ids, as it is with hashes.
enum class naming { counted, scattered };
std::string name_of(naming n, std::uint64_t number);

/// Counts the runs that have ended. Pass it to an engine as its listener.
class tally final : public stet::listener {
 public:
  void log(std::string_view id, std::string_view line) noexcept override;
  std::uint32_t ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// Waits until more than `seen` runs have ended. This costs the engine a system call.
  void wait_beyond(std::uint32_t seen) const noexcept { ended_.wait(seen); }
  /// Waits until `wanted` runs have ended. It looks now and then, which costs the engine nothing.
  void until(std::uint32_t wanted) const noexcept;

 private:
  std::atomic<std::uint32_t> ended_{0};
};

/// Keeps `concurrency` runs going from its construction to its destruction. The destructor waits
/// for the last of them.
class crowd {
 public:
  crowd(stet::engine& e, tally& t, const kind_of_run& kind, std::size_t concurrency,
        naming names = naming::counted);
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  ~crowd();

 private:
  void feed();
  std::size_t take_room();
  void wait_for_room(std::uint32_t seen) const;

  stet::engine& engine_;
  tally& tally_;
  const kind_of_run& kind_;
  std::size_t concurrency_;
  naming names_;
  std::mutex mutex_;
  std::uint32_t started_;  // runs, in the tally's count
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

/// Starts `count` new runs in one commit.
void start_runs(stet::engine& e, const kind_of_run& kind, std::size_t count, std::uint32_t steps,
                naming names = naming::counted);

}  // namespace bench
