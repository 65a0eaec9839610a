// Time for the benchmark: a clock that can be set ahead, and processor time.
#pragma once
#include <time.h>

#include <stet/environment.hpp>

namespace bench {

/// The machine's clock, set ahead by `ahead`.
class shifted_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override { return stet::system_clock().wall() + ahead; }
  stet::duration steady() noexcept override { return stet::system_clock().steady() + ahead; }
  stet::duration ahead{};
};

/// Returns how many nanoseconds of processor time this process has had, with all its threads.
inline double processor_time() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

}  // namespace bench
