// The runs in memory: found, read from the store, and dropped when they are idle.
//
// Invariants: a run is in the table once; every open run in the table that is the latest of its id
// is found by that id; a run without `unsaved`, without a frame and with nothing under way may be
// dropped, since the store has all of it.
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
  /// Returns the run from memory, or reads its snapshot. Empty if there is no such run, or if its
  /// snapshot can't be read, which is reported: for a caller that goes on without the run. If debts
  /// to the run were kept, they are paid in a turn of their own.
  run_lease load(run_number run);
  /// The same for a caller that needs to know: empty only if there is no such run. Throws
  /// unreadable_run.
  run_lease must_read(run_number run, std::string_view id);
  /// Whether the run exists, readable or not.
  bool exists(run_number run);
  /// The state of a run that isn't in memory, as the store has it. For a list, which changes
  /// nothing. Empty if there is no such run, or if it can't be read.
  std::optional<run_state> peek(run_number run);
  /// The snapshot of a run that isn't in memory, for a recovery, which adds the run itself. Throws
  /// malformed.
  std::optional<run_state> read(run_number run);
  /// The latest run of an id; 0 if there is none.
  run_number latest(std::string_view name_space, std::string_view id);
  /// The latest run of an id with a number below this one; 0 if there is none.
  run_number latest_below(std::string_view name_space, std::string_view id, run_number below);

  // ------------------------------------------------------------ add and forget
  /// Adds an empty entry for a run that isn't in memory.
  resident& add(run_number run);
  /// From now on the id leads to this run. Returns the run that it led to; 0 if none was in memory.
  run_number set_latest(const std::string& key, run_number run);
  /// The id leads to this earlier run again; 0 if it leads to none in memory.
  void restore_latest(const std::string& key, run_number run);
  /// The id of this run leads to it, unless a later run of that id is in memory.
  void note_latest(const resident& r);
  /// Takes a run out of memory, even if something is under way with it. The run must have no frame.
  void forget(resident& r);
  void clear() noexcept;

  // ------------------------------------------------------------ let go
  /// Evicts frames, the ones driven longest ago first, until there are no more than the options
  /// allow. `kept` stays in memory, though its frame may go.
  void keep_within_residency(const resident* kept = nullptr) noexcept;
  /// Whether nothing of the run is under way, and the store has all of it.
  bool is_idle(const resident& r) const noexcept;
  /// Takes a run out of memory if it is idle. For leases, and for a caller that knows that the last
  /// lease ended before the run became idle.
  void drop_if_idle(resident& r) noexcept;
  /// Whether the latest slice of the run is in the block on its way.
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
  std::unordered_map<std::string, run_number> ids_;  // by id_key: the latest run of an id in memory
  // By id_key: earlier runs in memory, in no order. The store may not have them yet.
  std::unordered_map<std::string, std::vector<run_number>> earlier_;
};

}}}  // namespace stet::v0::detail
