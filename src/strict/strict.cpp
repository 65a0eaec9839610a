// Each function here replaces the one of the C library with the same name: it checks whether a
// workflow's own code calls it, and then calls the C library's.
#include <stet/options.hpp>
#include <stet/strict.hpp>

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include "base/user_code.hpp"

namespace stet { inline namespace v0 {
namespace {

std::atomic<int> alive{0};
constexpr int frames_max = 24;

/// The callers, without the functions of this file.
std::string stack() {
  void* frames[frames_max];
  int count = ::backtrace(frames, frames_max);
  char** names = ::backtrace_symbols(frames, count);
  std::string text;
  for (int i = 3; names && i < count; ++i)
    text += (i == 3 ? "; called by " : ", by ") + std::string(names[i]);
  std::free(static_cast<void*>(names));
  return text;
}

void note(const char* function) {
  auto*& current = detail::current_user_code();
  if (!current || !current->offence.empty()) return;
  auto& code = *current;
  detail::not_user_code here;  // the code below may call these functions
  code.offence = "workflow '" + std::string(code.workflow) + "', run '" + std::string(code.id) +
                 "', called " + function + " itself, after command " +
                 std::to_string(code.command->value()) + " (" + code.at->file + ":" +
                 std::to_string(code.at->line) +
                 "): a replay may find something else there; do it in a step" + stack();
}

/// Cheap while strict_determinism is off: some of these functions are called very often.
void look(const char* function) noexcept {
  if (alive.load(std::memory_order_relaxed) == 0) return;
  try {
    note(function);
  } catch (...) {  // no memory for the text
    if (auto* code = detail::current_user_code()) code->offence = function;
  }
}

template <class F> F* next(const char* name) noexcept {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

namespace testing {

strict_determinism::strict_determinism() noexcept {
  void* frame;
  (void)::backtrace(&frame, 1);  // makes backtrace load its library now
  ++alive;
}
strict_determinism::~strict_determinism() { --alive; }

}  // namespace testing
}}  // namespace stet::v0

// Replaces a function of the C library: `symbol` is its symbol, `name` its name for people.
#define STET_TRAP_AS(result, id, symbol, name, parameters, arguments)                          \
  extern "C"                                                                                   \
      __attribute__((visibility("default"))) result stet_trap_##id parameters __asm__(symbol); \
  extern "C" result stet_trap_##id parameters {                                                \
    stet::look(name);                                                                          \
    static const auto real = stet::next<result parameters>(symbol);                            \
    return real arguments;                                                                     \
  }
#define STET_TRAP(result, name, parameters, arguments) \
  STET_TRAP_AS(result, name, #name, #name, parameters, arguments)

STET_TRAP(int, clock_gettime, (clockid_t c, struct timespec* t), (c, t))
STET_TRAP(int, gettimeofday, (struct timeval * t, void* zone), (t, zone))
STET_TRAP(time_t, time, (time_t* t), (t))
STET_TRAP(int, timespec_get, (struct timespec * t, int base), (t, base))

STET_TRAP(ssize_t, getrandom, (void* to, std::size_t size, unsigned flags), (to, size, flags))
STET_TRAP(int, getentropy, (void* to, std::size_t size), (to, size))
STET_TRAP(std::uint32_t, arc4random, (), ())
STET_TRAP(int, rand, (), ())
STET_TRAP(long, random, (), ())
STET_TRAP(double, drand48, (), ())
STET_TRAP(long, lrand48, (), ())
STET_TRAP_AS(unsigned, random_device, "_ZNSt13random_device9_M_getvalEv", "std::random_device",
             (void* self), (self))

STET_TRAP(char*, getenv, (const char* name), (name))
STET_TRAP(char*, secure_getenv, (const char* name), (name))

// These take variable arguments; the third one is passed on whether it was given or not.
STET_TRAP(int, open, (const char* path, int flags, mode_t mode), (path, flags, mode))
STET_TRAP(int, open64, (const char* path, int flags, mode_t mode), (path, flags, mode))
STET_TRAP(int, openat, (int at, const char* path, int flags, mode_t mode), (at, path, flags, mode))
STET_TRAP(int, openat64, (int at, const char* path, int flags, mode_t mode),
          (at, path, flags, mode))
STET_TRAP(int, creat, (const char* path, mode_t mode), (path, mode))
STET_TRAP(std::FILE*, fopen, (const char* path, const char* mode), (path, mode))
STET_TRAP(std::FILE*, fopen64, (const char* path, const char* mode), (path, mode))

STET_TRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
STET_TRAP(int, connect, (int s, const struct sockaddr* to, socklen_t size), (s, to, size))

STET_TRAP(int, pthread_create,
          (pthread_t * thread, const pthread_attr_t* how, void* (*body)(void*), void* argument),
          (thread, how, body, argument))
STET_TRAP(int, nanosleep, (const struct timespec* t, struct timespec* left), (t, left))
STET_TRAP(int, clock_nanosleep,
          (clockid_t c, int flags, const struct timespec* t, struct timespec* left),
          (c, flags, t, left))
STET_TRAP(int, usleep, (unsigned microseconds), (microseconds))
STET_TRAP(unsigned, sleep, (unsigned seconds), (seconds))
