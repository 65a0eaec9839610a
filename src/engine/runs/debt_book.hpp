// What is owed to runs whose snapshots can't be read: it is noted in the commit of what owes it,
// and paid when they can be read again (drive/debt_payer.cpp).
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
  /// An event is for this run, which isn't there to take it: if it can't be read, it is owed a look
  /// at what it waits for.
  void owe_a_look(run_number run);
  /// What a run is owed; from now on it is owed nothing.
  debts take(run_number run);
  void forget(run_number run) { (void)take(run); }

 private:
  run_table& table_;
  unreadable_runs& unreadable_;
  journal& journal_;
};

}}}  // namespace stet::v0::detail
