// The data that is kept for runs whose snapshots can't be read (loop/recovery.cpp,
// runs/debt_book.hpp).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "journal/aside.hpp"
#include "journal/debts.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct unreadable_runs {
  std::map<run_number, aside_records> lost;  // records that this recovery has met
  // The records that earlier recoveries put aside; empty until they are needed.
  std::optional<std::map<run_number, aside_records>> aside;
  std::vector<run_number> leftovers;  // runs that are written anew
  std::map<run_number, debts> owed;   // also to runs that can be read again
};

}  // namespace detail
}}  // namespace stet::v0
