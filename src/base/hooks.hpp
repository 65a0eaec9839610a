// Where a test may interfere. Empty unless built with STET_TEST_HOOKS, as only the crash suite's
// own copy of the library is.
#pragma once

namespace stet { inline namespace v0 { namespace detail {

#if STET_TEST_HOOKS
struct test_hooks {
  /// Called at every failpoint, by name: where the crash suite kills the process.
  void (*failpoint)(const char* name) = nullptr;
  // Seeded faults: the suite must go red with any of them.
  bool acknowledge_before_commit = false;
  bool effect_before_durable = false;
  bool drop_unapplied_blocks = false;
  bool forget_attempts = false;  // a step cut short runs again under the same number
};
inline test_hooks hooks;
inline void failpoint(const char* name) {
  if (hooks.failpoint) hooks.failpoint(name);
}
#define STET_SEEDED(fault) (::stet::detail::hooks.fault)
#else
inline void failpoint(const char*) noexcept {}
#define STET_SEEDED(fault) false
#endif

}  // namespace detail
}}  // namespace stet::v0
