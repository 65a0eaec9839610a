// RocksDB as a store: a directory of sorted files, for stores that outgrow memory and for much
// writing. Link stet-rocksdb.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace rocksdb {

struct options {
  /// Commits are appended to a log of this size, one flush each, and moved into RocksDB in bulk when
  /// it is full and at close; until then they stay in memory too, up to about twice as much.
  /// 0: no log, every commit is RocksDB's own.
  std::uint64_t log_bytes = 8u << 20;
  /// What RocksDB collects in memory before it writes a sorted file; at most twice as much is there.
  std::uint64_t memtable_bytes = 16u << 20;
  /// What RocksDB keeps in memory of its sorted files.
  std::uint64_t cache_bytes = 8u << 20;
};

/// Opens or creates the store in the directory `path`.
STET_API std::unique_ptr<store> open(const std::string& path, const options& o = {});

}  // namespace rocksdb
}}  // namespace stet::v0
