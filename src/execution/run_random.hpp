// The random numbers of a run. They come from the seed of its start: the same in every replay.
#pragma once
#include <cstdint>
#include <string>

#include "execution/token.hpp"
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

class run_random {
 public:
  void begin(const record& started) noexcept {
    seed_[0] = started.seed[0];
    seed_[1] = started.seed[1];
    secret_ = started.secret;
    state_ = seed_[0] ^ (seed_[1] * 0x9e3779b97f4a7c15);
  }
  /// Returns a number. With `goes_on` the next call returns another one; in a query it returns the
  /// same.
  std::uint64_t next(bool goes_on) noexcept {
    auto z = state_ + 0x9e3779b97f4a7c15;
    if (goes_on) state_ = z;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// The token of a promise.
  std::string token(run_number run, command_number command) const {
    return token_of(run, command, seed_, secret_);
  }

 private:
  std::uint64_t state_ = 0;
  std::uint64_t seed_[2] = {0, 0};
  hash_key secret_{};
};

}}}  // namespace stet::v0::detail
