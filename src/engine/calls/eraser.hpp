// Erases runs on request. One commit takes the snapshot, the history and every index entry of a
// run. A note of run 0 in the same block says that the run is erased, for a reader of older blocks
// that still have records of it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/calls/engine_parts.hpp"
#include "index/entries.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class eraser {
 public:
  explicit eraser(engine_parts& e) noexcept : e_(e) {}

  /// Erases all runs of an id, and if the options say so those that they started, and so on. The
  /// value is how many runs were erased. Throws errc::not_found; errc::conflict if a run is open,
  /// or if a body of one still runs: then nothing has happened.
  answer<std::size_t> erase(run_ref target, erase_options o);
  /// Takes a run that has ended out of the store and out of memory. Returns false if a body of it
  /// still runs.
  bool erase_run(resident& r);

 private:
  /// A child that a run's history has.
  struct started_child {
    std::string id;
    run_number first;  // the child's run, or the first run of its chain
  };
  std::vector<started_child> children_of(resident& r);
  void add_runs_of(std::string_view name_space, std::string_view id, run_number first,
                   std::vector<run_number>& runs);
  std::vector<run_number> family_of(run_ref target, bool with_children);
  void must_be_erasable(const resident& r, std::string_view id, erase_options o) const;
  bool is_out(const attempt& a) const;
  void end_all(const std::vector<run_number>& family, std::string_view id);
  void drop_from_gate(resident& r);
  void erase_unreadable(std::string_view name_space, std::string_view id, run_number run,
                        const run_traces& traces);
  void fail_waiting(std::string_view name_space, std::string_view id);
  void note_erased(run_number run);

  engine_parts& e_;
};

}}}  // namespace stet::v0::detail
