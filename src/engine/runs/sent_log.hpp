// Remembers what the earlier runs of a chain were sent. So a signal or an update that comes again
// is recognised, even if the run that had it was erased. The entries are in runs/sent_keys.hpp.
#pragma once
#include "engine/runs/block_state.hpp"
#include "engine/runs/history_reader.hpp"
#include "engine/runs/run_table.hpp"
#include "engine/runs/sent_keys.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class sent_log {
 public:
  sent_log(run_table& t, history_reader& h, journal& j, const block_state& b, store& s) noexcept
      : table_(t), history_(h), journal_(j), block_(b), keys_(s) {}

  /// A run continues as new: makes the entries for what it was sent, in the same commit. `s` is its
  /// state at its end.
  void remember(const execution& frame, const run_state& s);
  /// A run is erased, and its entries with it.
  void forget(resident& r);
  /// The same for a run that can't be read.
  void forget(run_number run) { keys_.erase_run(run, journal_.extra_writes()); }
  /// The earlier run of the chain that was sent this already, as far as those runs are kept; 0 if
  /// none was.
  run_number sent_before(resident& r, keys::sent_kind kind, std::string_view key);

  /// sealed(): the changes since the last call are in the block on its way. committed(): that block
  /// is durable.
  void sealed() { keys_.sealed(); }
  void committed() noexcept { keys_.committed(); }

 private:
  run_table& table_;
  history_reader& history_;
  journal& journal_;
  const block_state& block_;
  sent_keys keys_;
};

}}}  // namespace stet::v0::detail
