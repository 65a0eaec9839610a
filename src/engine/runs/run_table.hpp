// The runs in memory: found, read from the store, and dropped when they are idle.
//
// Invariants: a run is here once; every open run that is the latest of its id and is here is found
// by that id; a run without `unsaved`, without a frame and with nothing under way may be dropped,
// since the store has all of it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/runs/agenda.hpp"
#include "engine/runs/block_state.hpp"
#include "engine/runs/erased_runs.hpp"
#include "engine/runs/frames.hpp"
#include "engine/runs/lease.hpp"
#include "engine/runs/resident.hpp"
#include "engine/runs/unreadable.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class run_table {
 public:
  using map = std::unordered_map<run_number, std::unique_ptr<resident>>;

  run_table(services& s, frames& f, agenda& a, const unreadable_runs& u,
            const block_state& b) noexcept
      : services_(s), frames_(f), agenda_(a), unreadable_(u), block_(b) {}

  // ------------------------------------------------------------ find
  /// Returns null if the run isn't in memory.
  resident* find(run_number run) noexcept;
  run_lease hold(resident& r) noexcept { return {*this, r}; }
  /// From memory or from the snapshot. Empty if there is no such run, or if its snapshot can't be
  /// read, which is reported: for a caller that goes on without it. A run that was owed something
  /// while it couldn't be read gets that in a turn of its own.
  run_lease load(run_number run);
  /// The same for a caller that acts on what the run is: empty only if there is none. Throws
  /// unreadable_run.
  run_lease must_read(run_number run, std::string_view id);
  /// Whether there is such a run, readable or not.
  bool exists(run_number run);
  /// The state of a run that isn't in memory, as the store has it: for a list, which changes
  /// nothing. Empty if there is none, or if it can't be read.
  std::optional<run_state> peek(run_number run);
  /// The snapshot of a run that isn't in memory, for a recovery, which adds it. Throws malformed.
  std::optional<run_state> read(run_number run);
  /// The latest run of an id; 0 if there is none.
  run_number latest(std::string_view name_space, std::string_view id);
  /// The latest run of an id whose number is below this one; 0 if there is none.
  run_number latest_below(std::string_view name_space, std::string_view id, run_number below);

  // ------------------------------------------------------------ add and forget
  /// An empty place for a run, which isn't here.
  resident& add(run_number run);
  /// This run is found by the id from now on. Returns the one that was; 0 if none was in memory.
  run_number set_latest(const std::string& key, run_number run);
  /// The run that has the id in memory is this one again; 0: none.
  void restore_latest(const std::string& key, run_number run);
  /// It is found by its id, if no later run here has the same.
  void note_latest(const resident& r);
  /// Takes a run out of memory that has no frame any more, whatever is under way with it.
  void forget(resident& r);
  void clear() noexcept;

  // ------------------------------------------------------------ let go
  /// Drops frames, the ones driven longest ago first, until there are as few as the options say.
  /// `kept` stays in memory, though its frame may go.
  void keep_within_residency(const resident* kept = nullptr) noexcept;
  /// The store knows everything of it, and nothing of it is under way.
  bool is_idle(const resident& r) const noexcept;
  /// Takes a run out of memory, if it is idle. For leases, and for a caller that knows that a lease
  /// has ended before the run became idle.
  void drop_if_idle(resident& r) noexcept;
  /// The latest slice of the run is in the block on its way.
  bool rides_in_block(const resident& r) const noexcept { return block_.has(r.sliced_in); }

  const map& all() const noexcept { return runs_; }
  erased_runs erased;

 private:
  friend run_lease;
  void release(resident& r) noexcept;
  run_number latest_written(std::string_view name_space, std::string_view id, run_number below);
  run_number latest_earlier(const std::string& key, run_number below) const;
  void unlist(const resident& r);
  void unlist_earlier(const std::string& key, run_number run);

  services& services_;
  frames& frames_;
  agenda& agenda_;
  const unreadable_runs& unreadable_;
  const block_state& block_;
  map runs_;
  std::unordered_map<std::string, run_number> ids_;  // by id_key: its latest run here
  // By id_key: earlier runs here, in no order. The store may not know them yet.
  std::unordered_map<std::string, std::vector<run_number>> earlier_;
};

}}}  // namespace stet::v0::detail
