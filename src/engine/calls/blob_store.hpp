// Blobs: bytes that steps keep beside their run's history. Stet stores them as pieces in a table of
// its own among the user's entries. So they are staged, sealed, copied and read like those, and
// committed together with the step's result.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <stet/blob.hpp>

#include "engine/tables/user_tables.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Up to `length` bytes of a blob, from the `offset`-th. Throws errc::usage, errc::not_found,
/// errc::corrupt. Thread: the engine's loop.
std::string blob_bytes(const user_tables& tables, std::string_view name_space, const blob& b,
                       std::uint64_t offset, std::uint64_t length);
/// Erases everything that a run has kept, together with the run. Thread: the engine's loop.
void erase_blobs(user_tables& tables, batch& extra_writes, std::string_view name_space,
                 run_number run);

}}}  // namespace stet::v0::detail
