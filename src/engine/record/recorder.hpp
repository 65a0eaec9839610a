// The one place where records of a run are made: they are sealed, folded into the run's state, and
// added to the block that fills.
//
// Code that throws does so before anything is recorded. From the fold on no user's code is called,
// and an error is the engine's own mistake, which stops the engine.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/users_exception.hpp"
#include "engine/door/loop_thread.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/tables/user_tables.hpp"
#include "engine/time/time_room.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A child whose parent has ended, or waits for it no longer.
struct orphan {
  run_number run;  // the first run of the child's chain
  std::string name_space, id;
  bool ends;  // true: it is terminated; false: it is cancelled
  const char* why;
};

/// Thread: the engine's loop.
class recorder {
 public:
  recorder(services& s, journal& j, time_room& t, run_room& r, user_tables& u, const loop_thread& l)
      : services_(s), journal_(j), time_(t), runs_(r), tables_(u), thread_(l) {}

  /// Returns the records as they go to the store; the first of them is the `number`-th of its run.
  /// The view is of `plain` itself, or of a buffer that is valid until the next call. Throws a
  /// users_exception if they can't be sealed.
  std::string_view seal(const payload_owner& of, std::uint64_t number, std::string_view plain);
  /// Records sealed records. `writes`: the user's entries that are committed with them. `first`, if
  /// given, is the first record of them, which needn't be decoded then.
  void record_sealed(resident& r, std::string_view records, sealed_writes writes = {},
                     const record* first = nullptr);
  /// Seals records, and records them. Throws a users_exception if they can't be sealed: then
  /// nothing has happened.
  void append(resident& r, std::string_view plain, sealed_writes writes = {});
  /// Records a note about a run. Throws as append() does.
  void append_note(resident& r, record n);
  /// The same for a note that has to be recorded for the engine's own reasons: see surely().
  void append_note_surely(resident& r, record n);
  /// Records an event, which drives its run in a turn of its own. May be called while another run
  /// is driven. Throws as append() does.
  void post_event(resident& r, record e, sealed_writes writes = {});
  void post_event_surely(resident& r, record e);
  /// Records a note that belongs to no run: that a run was erased, or that the user's tables were
  /// written. Returns its LSN.
  record_lsn append_own(record r);
  /// Calls `f` with a record that has to be recorded for the engine's own reasons. If the record's
  /// texts can't be sealed, that is reported, and `f` is called again with the record without them.
  template <class F> void surely(record e, F f) {
    try {
      f(e);
    } catch (const users_exception& why) {
      report_lost_text(why);
      strip(e);
      f(e);
    }
  }

  /// Whether this is the engine's thread, where records are made.
  bool is_on_loop() const noexcept { return thread_.is_here(); }
  /// The state of a run after these sealed records. Nothing is recorded.
  run_state state_after(const run_state& s, std::string_view records) const;

  /// The children that have become orphans by the latest records. Empty between two actions: the
  /// orphans are settled in the same block.
  std::deque<orphan> orphans;

 private:
  void fold(resident& r, std::string_view records, sealed_writes writes, const record* first);
  void note_orphans(run_state& s, const record& rec);
  void keep_timers(run_state& s, const record& rec);
  void report_lost_text(const users_exception& why);
  static void strip(record& e);

  services& services_;
  journal& journal_;
  time_room& time_;
  run_room& runs_;
  user_tables& tables_;
  const loop_thread& thread_;
  std::string sealed_;
};

}}}  // namespace stet::v0::detail
