// Proofs in RocksDB's write-ahead log, by which damage can be told from a torn end.
//
// A process or a device that ends in the middle of a write leaves half a record at the end of the
// log. That record was never acknowledged. Damage before it looks the same to RocksDB, which either
// refuses both or, silently, drops everything from there on. And a manifest (which names the sorted
// files) that was cut short looks like an older one. So every commit of ours carries a proof, which
// goes into the log and nowhere else: it says what was durable when the commit was written. If a
// log proves more than RocksDB finds, it is damaged. No proof follows the very last commit: if that
// one is damaged, it counts as never acknowledged.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stet { inline namespace v0 { namespace rocksdb {

struct proof {
  std::uint64_t commits = 0;    ///< the last sequence number that was durable
  std::uint64_t first_log = 0;  ///< older logs' records were in sorted files, by the manifest
};

/// `id` is RocksDB's name of the store: values may contain logs of other stores.
std::string encode_proof(std::string_view id, const proof& p);

/// Returns the names in a directory. Throws std::system_error if it can't be listed.
std::vector<std::string> names_in(const std::string& directory);

/// Returns the highest numbers that the logs of a directory prove. Throws std::system_error if they
/// can't be read.
proof find_proof(const std::string& directory, std::string_view id);

/// Returns the number of the last file of RocksDB's log, or 0 if the directory has none.
std::uint64_t last_log(const std::string& directory);
/// Returns the number of log files whose numbers are `first` or higher.
std::size_t count_logs(const std::string& directory, std::uint64_t first);

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
