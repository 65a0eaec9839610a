// Time, chance and an ear that a test holds in its hands.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <stet/environment.hpp>

namespace stet_tests {

/// Two hands that move only when told. Thread: any.
class fake_clock final : public stet::clock {
 public:
  static constexpr std::int64_t epoch = 1'700'000'000'000;

  stet::time_point wall() noexcept override {
    return stet::time_point(stet::duration(wall_.load()));
  }
  stet::duration steady() noexcept override { return stet::duration(steady_.load()); }

  /// Time passes.
  void advance(stet::duration d) noexcept {
    wall_ += d.count();
    steady_ += d.count();
  }
  /// Somebody sets the wall clock, forward or back.
  void set(stet::duration d) noexcept { wall_ += d.count(); }

 private:
  std::atomic<std::int64_t> wall_{epoch};
  std::atomic<std::int64_t> steady_{5'000'000};
};

/// The same bits in every run of a test. Thread: any.
class seeded_entropy final : public stet::entropy {
 public:
  explicit seeded_entropy(std::uint64_t seed = 1) noexcept : state_(seed) {}
  std::uint64_t bits() noexcept override {
    auto z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    return z ^ (z >> 29);
  }

 private:
  std::atomic<std::uint64_t> state_;
};

/// Keeps what it hears. Thread: any.
class recorder final : public stet::listener {
 public:
  void log(std::string_view id, std::string_view line) noexcept override {
    std::lock_guard lock(mutex_);
    logs_.push_back(std::string(id) + ": " + std::string(line));
  }
  void problem(std::string_view text) noexcept override {
    std::lock_guard lock(mutex_);
    problems_.emplace_back(text);
  }
  std::vector<std::string> logs() const {
    std::lock_guard lock(mutex_);
    return logs_;
  }
  std::vector<std::string> problems() const {
    std::lock_guard lock(mutex_);
    return problems_;
  }
  /// Whether a problem was told that contains `text`.
  bool heard(std::string_view text) const {
    std::lock_guard lock(mutex_);
    for (auto& p : problems_)
      if (p.find(text) != std::string::npos) return true;
    return false;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> logs_, problems_;
};

}  // namespace stet_tests
