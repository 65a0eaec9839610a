// Transactions from outside: the entries that they write to the user's tables are durable together
// with a record that says so.
#pragma once
#include <string_view>

#include <stet/transaction.hpp>

#include "engine/calls/engine_parts.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. Throws a users_exception with what `f` throws: then nothing is
/// written.
answer<void> transact(engine_parts& e, std::string_view name_space, transact_function& f);

}}}  // namespace stet::v0::detail
