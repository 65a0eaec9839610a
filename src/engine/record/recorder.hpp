// The one place where anything of a run is recorded: sealed, folded into the run's state, and added
// to the block that fills.
//
// What throws does so before anything is recorded. From the fold on no user's code is called, and
// what fails then is the engine's own mistake, which ends it.
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
  run_number run;  // the first of its chain
  std::string name_space, id;
  bool ends;  // else it is asked to
  const char* why;
};

/// Thread: the engine's loop.
class recorder {
 public:
  recorder(services& s, journal& j, time_room& t, run_room& r, user_tables& u, const loop_thread& l)
      : services_(s), journal_(j), time_(t), runs_(r), tables_(u), thread_(l) {}

  /// Records as they go to the store, the first of them the `number`-th of its run: `plain` itself,
  /// or what stands in a buffer until the next call. Throws a users_exception if they can't be
  /// sealed.
  std::string_view seal(const payload_owner& of, std::uint64_t number, std::string_view plain);
  /// Records what is sealed. `writes`: the user's entries that go with its event, in its commit.
  void record_sealed(resident& r, std::string_view records, sealed_writes writes = {});
  /// Seals records and records them. Throws a users_exception if they can't be sealed: then nothing
  /// has happened.
  void append(resident& r, std::string_view plain, sealed_writes writes = {});
  /// Records a note about a run. Throws as append() does.
  void append_note(resident& r, record n);
  /// The same, of what has to be recorded for the engine's own reasons: see surely().
  void append_note_surely(resident& r, record n);
  /// Records an event; it drives in a turn of its own. Also while another run is driven. Throws as
  /// append() does.
  void post_event(resident& r, record e, sealed_writes writes = {});
  void post_event_surely(resident& r, record e);
  /// Records what is of no run: that one was erased, that the user's tables were written. Returns
  /// its LSN.
  record_lsn append_own(record r);
  /// Calls `f` with a record that has to be recorded for the engine's own reasons. If its texts
  /// can't be sealed now, that is reported, and `f` is called again with the record without them.
  template <class F> void surely(record e, F f) {
    try {
      f(e);
    } catch (const users_exception& why) {
      report_lost_text(why);
      strip(e);
      f(e);
    }
  }

  /// Records are made on the engine's thread.
  bool is_on_loop() const noexcept { return thread_.is_here(); }
  /// What a run will be when these sealed records are recorded. Nothing is recorded.
  run_state state_after(const run_state& s, std::string_view records) const;

  /// Children that became orphans by what was recorded. Empty between two actions: what comes of
  /// them is in the same block.
  std::deque<orphan> orphans;

 private:
  void fold(resident& r, std::string_view records, sealed_writes writes);
  void note_orphans(run_state& s, const record& rec);
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
