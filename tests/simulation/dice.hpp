// Random numbers from a seed. All of a simulation comes from one of these.
#pragma once
#include <cstdint>

namespace stet_simulation {

class dice {
 public:
  explicit dice(std::uint64_t seed) noexcept : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  std::uint64_t bits() noexcept {
    auto z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// 0 to n - 1.
  int below(int n) noexcept { return static_cast<int>(bits() % static_cast<unsigned>(n)); }
  bool one_in(int n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace stet_simulation
