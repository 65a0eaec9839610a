// The requests that a run was sent: signals, updates and other events, seen by it or not.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "execution/execution.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Returns true if a signal with this key is in the history already.
bool knows_signal(const execution& e, std::string_view key);
/// Visits every key of a signal and id of an update in the history.
void visit_sent(
    const execution& e,
    const std::function<void(record_kind, std::uint8_t flags, std::string_view)>& visit);
/// Returns the events that the run hasn't seen, as records: signals that it hasn't read, then
/// updates that haven't begun, then all undriven events; each of these three in their order.
std::vector<std::string> unseen(const execution& e);

}}}  // namespace stet::v0::detail
