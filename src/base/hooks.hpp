// Places where a test may interfere. They do nothing unless built with STET_TEST_HOOKS; only the
// crash suite builds its own copy of the library so.
#pragma once
#include <cstdint>

namespace stet { inline namespace v0 { namespace detail {

#if STET_TEST_HOOKS
/// Faults that can be switched on. Each is a mistake that a programmer could make, and with any of
/// them the suite must fail (tests/crash/controls.sh).
// clang-format off
#define STET_SEEDED_FAULTS(fault)                                                           \
  fault(acknowledge_before_commit)  /* a caller gets an answer that isn't durable */        \
  fault(effect_before_durable)      /* a body begins before its cause is durable */         \
  fault(drop_unapplied_blocks)      /* the checkpoint drops a block that it needs */        \
  fault(forget_attempts)            /* a step cut short runs again under the same number */ \
  fault(repeat_at_most_once)        /* an at-most-once step runs again */                   \
  fault(wake_early)                 /* a timer fires before its time */                     \
  fault(believe_set_clock)          /* setting the clock counts as time that passed */      \
  fault(lose_timer)                 /* a sleeping run is not in the index of timers */      \
  fault(keep_old_timer)             /* a run that is awake stays in the index of timers */  \
  fault(ignore_snapshot_lsn)        /* recovery applies records that the snapshot has already */ \
  fault(repeat_chunk)               /* a checkpoint writes a piece of history twice */      \
  fault(oldest_for_latest)          /* an id finds the first of its runs */                 \
  fault(forget_ready)               /* recovery doesn't wake runs that have something to do */ \
  fault(lose_child_answer)          /* a parent that isn't in memory gets no answer */      \
  fault(read_signal_twice)          /* a replay leaves a signal that was read */            \
  fault(forget_signal_key)          /* a signal sent twice counts twice */                  \
  fault(forget_update_id)           /* an update sent twice is done twice */                \
  fault(writes_before_result)       /* a transaction's writes don't wait for its result */  \
  fault(go_on_behind_end)           /* a run that has ended can be terminated */            \
  fault(calls_overlap)              /* an entity does two things at a time */               \
  fault(lose_count)                 /* a counter is not in the commit that it counts */     \
  fault(forget_riding)              /* a history lacks the records of the block on its way */ \
  fault(forget_what_was_sent)       /* a chain forgets the requests to its earlier runs */  \
  fault(find_chain_by_number)       /* a chain is lost with its first run */                \
  fault(begin_cancelled)            /* a run that was cancelled before it began begins */   \
  fault(count_stopped)              /* an attempt that a close stops counts as failed */    \
  fault(beats_of_any_attempt)       /* an abandoned attempt sets the progress of the next */ \
  fault(forgive_at_once)            /* suspect code is cleared by anything that it does */  \
  fault(drop_last_intents)          /* the requests of a run's last event aren't done */    \
  fault(forget_owed_cancel)         /* a late cancel is lost with its generation */         \
  fault(lose_orphans)               /* children of a run that has ended go on for ever */   \
  fault(lose_unread)                /* unread signals don't go over to the next run */      \
  fault(reuse_child_number)         /* a number that a child had is given again */          \
  fault(destructors_act)            /* a frame that is destroyed still asks for things */
// clang-format on

struct test_hooks {
  /// Called at every failpoint, with its name: the crash suite kills the process there.
  void (*failpoint)(const char* name) = nullptr;
  /// Decides whether a rare event happens now. Called at each STET_RARELY: there the simulation
  /// provokes events that are allowed but rare. If it is set, the library never reads the machine's
  /// own clock.
  bool (*rarely)(const char* what) = nullptr;
  /// A history with this many records is long, so that entities are continued. 0 means the usual
  /// number.
  std::uint64_t long_history = 0;
#define STET_DECLARE_FAULT(name) bool name = false;
  STET_SEEDED_FAULTS(STET_DECLARE_FAULT)
#undef STET_DECLARE_FAULT
};
inline test_hooks hooks;
inline void failpoint(const char* name) {
  if (hooks.failpoint) hooks.failpoint(name);
}
#define STET_SEEDED(fault) (::stet::detail::hooks.fault)
#define STET_SIMULATED (::stet::detail::hooks.rarely != nullptr)
#define STET_RARELY(what) (STET_SIMULATED && ::stet::detail::hooks.rarely(what))
/// The number that a test has set, or else `otherwise`.
#define STET_HOOKED(number, otherwise) \
  (::stet::detail::hooks.number ? ::stet::detail::hooks.number : (otherwise))
#else
inline void failpoint(const char*) noexcept {}
#define STET_SEEDED(fault) false
#define STET_SIMULATED false
#define STET_RARELY(what) false
#define STET_HOOKED(number, otherwise) (otherwise)
#endif

}  // namespace detail
}}  // namespace stet::v0
