// What is kept for runs whose snapshots can't be read (recover.cpp, debts.cpp).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "journal/aside.hpp"
#include "journal/debts.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct unreadable_runs {
  std::map<run_number, aside_records> lost;  // records of theirs that this recovery met
  // The same of earlier recoveries, once they have been asked for.
  std::optional<std::map<run_number, aside_records>> aside;
  std::vector<run_number> leftovers;  // runs that are written afresh
  std::map<run_number, debts> owed;   // also to runs that can be read again
};

}  // namespace detail
}}  // namespace stet::v0
