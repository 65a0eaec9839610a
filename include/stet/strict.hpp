// For tests: a workflow that does itself what only a step may is found at the call, not at the
// replay in a month. In a library of its own: libstet-strict.
#pragma once
#include <stet/export.hpp>

namespace stet { inline namespace v0 { namespace testing {

/// While one lives, workflow code of every engine in this process may not ask the machine's clock,
/// chance or environment, open files or sockets, start threads or sleep. A run whose code does is
/// stalled at once; the reason names the function, the workflow, the run, the latest command and
/// the stack. Nothing comes of what it did in that turn. Bodies of steps, transactions, queries and
/// listeners may do anything.
///     stet::testing::strict_determinism strict;
///     engine.start(Order, "o-1", "lamp").result();  // errc::run_stalled: "… called getenv …"
///
/// It replaces these functions of the C library in the whole program, and hands their calls on: for
/// tests, and not with a statically linked C library. Linux. What the compiler does without a
/// call (rdrand, rdtsc) is not seen, nor is a system call by hand.
/// Thread   any; several may live at once.
class STET_API strict_determinism {
 public:
  strict_determinism() noexcept;
  strict_determinism(const strict_determinism&) = delete;
  strict_determinism& operator=(const strict_determinism&) = delete;
  ~strict_determinism();
};

}}}  // namespace stet::v0::testing
