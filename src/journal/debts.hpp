// The debts to a run whose snapshot can't be read: an outcome that it waits for, an end, a request
// to end. A debt is written in the commit of its cause, beside the records of the run that are put
// aside, and is paid when the snapshot can be read again. On disk: see docs/format.md.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <stet/store.hpp>

#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// On disk: never renumber.
enum class debt_kind : std::uint8_t {
  look = 1,    // an outcome or answer that it waits for exists: find it
  end = 2,     // the run is to be terminated
  cancel = 3,  // the run is to be asked to end
};
struct debt {
  debt_kind kind = debt_kind::look;
  run_number first;    // end, cancel: the first run of the chain that is meant
  std::string reason;  // end, cancel
  bool operator==(const debt&) const = default;
};
using debts = std::vector<debt>;

/// Adds all debts to the run to `b`. There must be at least one.
void put_debts(batch& b, run_number run, const debts& all);
/// Returns the debts in such a value. Throws malformed.
debts take_debts(std::string_view value);
void erase_debts(batch& b, run_number run);
/// Returns true if a key among those put aside is one of debts.
bool is_of_debts(std::string_view key);
/// Returns all debts, by run. A value that can't be read goes to `damaged`, as a text.
std::map<run_number, debts> read_debts(store& s,
                                       const std::function<void(const std::string&)>& damaged);

}  // namespace detail
}}  // namespace stet::v0
