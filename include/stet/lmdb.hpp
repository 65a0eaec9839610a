// LMDB as a store: one file, memory mapped, no background threads. Link stet-lmdb.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet { inline namespace v0 {
namespace lmdb {

struct options {
  std::uint64_t map_bytes = 64ull << 20;       ///< address space at first; doubled by itself when the store outgrows it
  std::uint64_t map_bytes_max = 1ull << 40;    ///< where growing ends: a commit beyond it is refused with errc::full
};

/// Opens or creates the store in the file `path` (beside it: `path`-lock for the owner). Files are made with mode 0600.
///
/// Throws store_error: errc::conflict if an engine has it open, in this process (by whatever name of the same file) or in
/// another (named by its pid); errc::corrupt if it is no LMDB file; errc::store with the system's own error else.
/// After fork, the child's copy answers every call with an error and touches nothing.
///     stet::engine engine{stet::lmdb::open("bank.stet")};
STET_API std::unique_ptr<store> open(const std::string& path, const options& o = {});

}  // namespace lmdb
}}  // namespace stet::v0
