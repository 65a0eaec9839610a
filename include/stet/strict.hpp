// For tests: finds a workflow that does what only a step may do, at the call and not at a replay
// months later. In a library of its own: libstet-strict.
#pragma once
#include <stet/export.hpp>

namespace stet { inline namespace v0 { namespace testing {

/// While an object of this class lives, the code of workflows, of every engine in this process, may
/// not ask the machine's clock, chance or environment, open files or sockets, start threads or
/// sleep. A run whose code does is stalled at once; the reason names the function, the workflow,
/// the run, the latest command and the stack. The effects of that turn on the run are dropped.
/// Bodies of steps, transactions, queries and listeners may do anything.
///     stet::testing::strict_determinism strict;
///     engine.start(Order, "o-1", "lamp").result();  // errc::run_stalled: "… called getenv …"
///
/// It replaces these functions of the C library in the whole program, and passes their calls on:
/// use it in tests only, and not with a statically linked C library. Linux only. It doesn't see
/// what the compiler does without a call (rdrand, rdtsc), nor a system call that a program makes by
/// hand.
/// Thread   any; several may live at once.
class STET_API strict_determinism {
 public:
  strict_determinism() noexcept;
  strict_determinism(const strict_determinism&) = delete;
  strict_determinism& operator=(const strict_determinism&) = delete;
  ~strict_determinism();
};

}}}  // namespace stet::v0::testing
