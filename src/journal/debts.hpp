// What is owed to a run whose snapshot can't be read: an outcome that it waits for, an end, a
// request to end. Written in the commit of what owes it, beside the records that are put aside of
// such a run, and paid when its snapshot can be read again. On disk: see docs/format.md.
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
  look = 1,    // something that it waits for has ended, or was answered: it is to be looked for
  end = 2,     // it is to be terminated
  cancel = 3,  // it is to be asked to end
};
struct debt {
  debt_kind kind = debt_kind::look;
  run_number first;    // end, cancel: the first run of the chain that is meant
  std::string reason;  // likewise
  bool operator==(const debt&) const = default;
};
using debts = std::vector<debt>;

/// Adds to `b`: all that is owed to the run. There is something.
void put_debts(batch& b, run_number run, const debts& all);
/// What such a value says. Throws malformed.
debts take_debts(std::string_view value);
void erase_debts(batch& b, run_number run);
/// A key of what was put aside is one of debts.
bool is_of_debts(std::string_view key);
/// Everything that is owed, by run. A value that can't be read goes to `damaged`, as a text.
std::map<run_number, debts> read_debts(store& s,
                                       const std::function<void(const std::string&)>& damaged);

}  // namespace detail
}}  // namespace stet::v0
