// Time as the benchmark needs it: a clock that can be told to be ahead, and processor time.
#pragma once
#include <time.h>

#include <stet/environment.hpp>

namespace bench {

/// The machine's clock, that may be told to be ahead.
class shifted_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override { return stet::system_clock().wall() + ahead; }
  stet::duration steady() noexcept override { return stet::system_clock().steady() + ahead; }
  stet::duration ahead{};
};

/// Nanoseconds that this process, with all its threads, has had of the processors.
inline double processor_time() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

}  // namespace bench
