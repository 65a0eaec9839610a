// Moves CLOCK_REALTIME ahead or back as the control says; every other clock stays as it is.
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "faults/shim/shim.hpp"

namespace {

constexpr long second = 1'000'000'000;

void shift(timespec& t) noexcept {
  if (!stet_faults::is_armed()) return;
  auto ahead = stet_faults::the_control->ahead_ns.load();
  t.tv_sec += ahead / second;
  t.tv_nsec += ahead % second;
  if (t.tv_nsec >= second) t.tv_nsec -= second, ++t.tv_sec;
  if (t.tv_nsec < 0) t.tv_nsec += second, --t.tv_sec;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t which, timespec* t) noexcept {
  auto r = static_cast<int>(::syscall(SYS_clock_gettime, which, t));
  if (r == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) shift(*t);
  return r;
}
int gettimeofday(timeval* tv, void*) noexcept {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  tv->tv_sec = t.tv_sec;
  tv->tv_usec = t.tv_nsec / 1000;
  return 0;
}
time_t time(time_t* to) noexcept {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  if (to) *to = t.tv_sec;
  return t.tv_sec;
}
}
