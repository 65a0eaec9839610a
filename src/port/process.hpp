// The number of this process.
#pragma once

namespace stet { inline namespace v0 { namespace port {

/// Returns the process's number.
int process_id() noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
