// What a run was sent: by signals, updates and other events, seen or not.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "execution/execution.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Whether a signal with this key is in the history already.
bool knows_signal(const execution& e, std::string_view key);
/// Every key of a signal and id of an update in the history.
void visit_sent(
    const execution& e,
    const std::function<void(record_kind, std::uint8_t flags, std::string_view)>& visit);
/// What the run was sent and has not looked at, as the records of these events: signals that were
/// not read, updates that have not begun, then all events that have not driven it, each in their
/// order.
std::vector<std::string> unseen(const execution& e);

}}}  // namespace stet::v0::detail
