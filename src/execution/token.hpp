// The token of a promise: its name outside of its run.
#pragma once
#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "base/keyed_hash.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The token of a promise: its run, its command, and 128 bits that only the run's secret gives. A
/// run that was started before secrets existed has none (zero); then the bits come from the seed,
/// so that tokens which were handed out stay good. Anyone who has an idempotency key of such a run
/// can compute them.
std::string token_of(run_number run, command_number command, const std::uint64_t (&seed)[2],
                     const hash_key& secret);

}}}  // namespace stet::v0::detail
