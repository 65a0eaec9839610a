// Time, randomness, threads and a listener, all decided by the seed.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <stet/environment.hpp>

#include "simulation/dice.hpp"

namespace stet_simulation {

/// A clock that moves when told. A caller that reads it very often without a pause waits for it, on
/// the only thread there is; then it moves by itself.
class sim_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override {
    wait();
    return stet::time_point(stet::duration(wall_));
  }
  stet::duration steady() noexcept override {
    wait();
    return stet::duration(steady_);
  }
  std::optional<stet::duration> uptime() noexcept override {
    if (!has_uptime_) return std::nullopt;
    wait();
    return stet::duration(steady_);
  }
  /// Call it before the first engine reads the clock: the engine then knows durations, whatever the
  /// wall clock shows.
  void has_uptime() noexcept { has_uptime_ = true; }
  void advance(std::int64_t ms) noexcept { wall_ += ms, steady_ += ms, truth_ += ms; }
  void set(std::int64_t ms) noexcept { wall_ += ms; }
  /// Sets the wall clock to `ms` before the true time.
  void be_behind(std::int64_t ms) noexcept { wall_ = truth_ - ms; }
  /// The time that it would show if nothing had set it.
  std::int64_t truth() const noexcept { return truth_; }
  void touched() noexcept { looks_ = 0; }
  std::int64_t now() const noexcept { return wall_; }

 private:
  void wait() noexcept {
    if (++looks_ > 600) advance(5);
  }
  std::int64_t wall_ = 1'700'000'000'000, truth_ = wall_, steady_ = 5'000'000;
  int looks_ = 0;
  bool has_uptime_ = false;
};

class sim_entropy final : public stet::entropy {
 public:
  explicit sim_entropy(std::uint64_t seed) : dice_(seed), secrets_(~seed) {}
  std::uint64_t bits() noexcept override { return dice_.bits(); }
  std::uint64_t secret_bits() noexcept override { return secrets_.bits(); }

 private:
  dice dice_, secrets_;
};

/// Keeps bodies waiting, and lets one begin when told.
class held_bodies final : public stet::executor {
 public:
  void submit(stet::work* first) noexcept override {
    for (auto* w = first; w; w = w->next) held_.push_back(w);
  }
  stet::work* stop() noexcept override {
    stet::work* first = nullptr;
    for (auto* w : held_) w->next = first, first = w;
    held_.clear();
    return first;
  }
  bool release(dice& d) {
    if (held_.empty()) return false;
    auto at = held_.begin() + d.below(static_cast<int>(held_.size()));
    auto* w = *at;
    held_.erase(at);
    w->next = nullptr;
    w->run();
    return true;
  }

 private:
  std::vector<stet::work*> held_;
};

class sim_listener final : public stet::listener {
 public:
  void problem(std::string_view text) noexcept override { heard(std::string(text)); }
  std::function<void(const std::string&)> heard;
};

}  // namespace stet_simulation
