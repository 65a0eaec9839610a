// Finds out how much room a disk has.
#pragma once
#include <cstdint>
#include <string>

#include "port/errors.hpp"

namespace stet { inline namespace v0 { namespace port {

/// Gets the bytes that the user of this process can still write on the file system of `path`.
int free_bytes(const std::string& path, std::uint64_t& bytes) noexcept;

/// Makes a file of this size and removes it again, to see if the disk has room for it. `path` must
/// not exist.
int try_room(const std::string& path, std::uint64_t bytes) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
