// How the engine fails by itself: what it has in memory is no longer what the journal says.
#pragma once
#include <stet/error.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// Ends the engine: nothing more is acknowledged, and the next one on the store reads what is
/// durable. Never thrown for what a user, a run or a store did.
class engine_failure final : public error {
 public:
  using error::error;
};

}}}  // namespace stet::v0::detail
