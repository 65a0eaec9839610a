// Random and damaged bytes, from a seed that is printed when a test fails.
#pragma once
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace stet_tests {

/// STET_SEED repeats a failure; without it, each run of the tests tries something new.
inline std::uint64_t seed_of_this_run() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("STET_SEED");
    return given ? std::strtoull(given, nullptr, 0) : std::random_device()();
  }();
  return seed;
}

class random_source {
 public:
  random_source() : engine_(seed_of_this_run()) {}
  std::uint64_t operator()() { return engine_(); }
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool coin() { return (engine_() & 1) != 0; }
  /// A number of random magnitude, so that limits are reached.
  std::uint64_t number() {
    auto bits = below(65);
    return bits == 0 ? 0 : engine_() >> (64 - bits);
  }
  std::int64_t signed_number() { return static_cast<std::int64_t>(coin() ? number() : ~number()); }
  /// Few different bytes, among them the awkward ones.
  std::string text(std::size_t size_max) {
    std::string s(below(size_max + 1), '\0');
    for (auto& c : s) c = "\0\1\2\xfe\xff/ab"[below(8)];
    return s;
  }
  /// Copies the bytes, and damages them in one to three places.
  std::string damaged(std::string s) {
    for (auto n = 1 + below(3); n > 0 && !s.empty(); --n) {
      auto at = below(s.size());
      switch (below(4)) {
        case 0: s.erase(at, 1 + below(4)); break;
        case 1: s.insert(at, 1, static_cast<char>(engine_())); break;
        case 2: s[at] = static_cast<char>(s[at] ^ 1 << below(8)); break;
        default: s.resize(at);
      }
    }
    return s;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace stet_tests

#define STET_SAYS_SEED() INFO("STET_SEED=", ::stet_tests::seed_of_this_run(), " repeats this")
