// Records as texts for people: what an operator sees of a history.
#pragma once
#include <string>

#include "base/engine_time.hpp"
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Returns what a record says beside its kind, command and name: arguments, a result, an error, how
/// long a sleep is and until when. In short, on one line; empty if it says nothing more. The texts
/// of the record are opened. `event`: the time of the event that drove the run when the record was
/// made. Never throws malformed: what can't be read is named.
std::string readable(const record& r, engine_time event);

/// A length of time in ms for people: "1 h 30 min", "20 ms".
std::string length_text(std::int64_t ms);

}}}  // namespace stet::v0::detail
