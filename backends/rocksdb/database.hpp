// A RocksDB directory, opened with our settings, and what its statuses mean.
#pragma once
#include <rocksdb/db.h>

#include <memory>
#include <string_view>

#include <stet/rocksdb.hpp>

#include "backends/common/file_owner.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {

namespace native = ::rocksdb;

/// Throws store_error for a status that isn't ok.
[[noreturn]] void fail(std::string_view operation, std::string_view path, const native::Status& s,
                       commit_outcome outcome = commit_outcome::refused);

/// Opens the directory that `owner` owns, or makes a new store in it. Throws store_error.
std::unique_ptr<native::DB> open_database(backend::file_owner& owner, const options& o);

/// Throws errc::full unless the file system has room for a commit of `bytes` and for what RocksDB
/// does with it later. A batch that `erases` is let into half of the spare room.
void check_room(std::string_view path, std::size_t bytes, bool erases);

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
