// Debts to runs whose snapshots can't be read. A debt is written in the commit that causes it, and
// paid when the run can be read again (drive/debt_payer.cpp).
#pragma once
#include "engine/runs/run_table.hpp"
#include "engine/runs/unreadable.hpp"
#include "journal/debts.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class debt_book {
 public:
  debt_book(run_table& t, unreadable_runs& u, journal& j) noexcept
      : table_(t), unreadable_(u), journal_(j) {}

  bool has(run_number run) const noexcept { return unreadable_.owed.contains(run); }
  void owe(run_number run, debt d);
  /// An event is for this run, which couldn't be loaded. If the run exists it is owed a look at
  /// everything that it waits for.
  void owe_a_look(run_number run);
  /// The debts to a run. From now on it is owed nothing.
  debts take(run_number run);
  void forget(run_number run) { (void)take(run); }

 private:
  run_table& table_;
  unreadable_runs& unreadable_;
  journal& journal_;
};

}}}  // namespace stet::v0::detail
