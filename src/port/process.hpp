// This process.
#pragma once

namespace stet { inline namespace v0 { namespace port {

/// Its number.
int process_id() noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
