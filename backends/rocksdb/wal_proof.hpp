// What RocksDB's write-ahead log says about the store, so that damage can be told from a torn end.
//
// A process or a device that ends in the middle of a write leaves half a record at the end of the
// log, which nobody was promised. Damage before it looks the same to RocksDB, which either refuses
// both or, silently, drops everything from there on. And a manifest (which names the sorted files)
// that was cut short looks like an older one. So every commit of ours carries a proof, which goes
// into the log and nowhere else: of what was durable when it was written. A log that proves more
// than RocksDB finds shows damage. Of the very last commit nobody knows: if that is damaged, it
// counts as never acknowledged.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stet { inline namespace v0 { namespace rocksdb {

struct proof {
  std::uint64_t commits = 0;    ///< the last sequence number that was durable
  std::uint64_t first_log = 0;  ///< what older logs held was in sorted files, says the manifest
};

/// `id` is RocksDB's name of the store: logs of others may stand in its values.
std::string encode_proof(std::string_view id, const proof& p);

/// What a directory holds. Throws std::system_error if it can't be listed.
std::vector<std::string> names_in(const std::string& directory);

/// The highest numbers that the logs of a directory prove. Throws std::system_error if they can't
/// be read.
proof find_proof(const std::string& directory, std::string_view id);

/// The number of the last file of RocksDB's log; 0 if there is none.
std::uint64_t last_log(const std::string& directory);
/// How many there are from number `first` on.
std::size_t count_logs(const std::string& directory, std::uint64_t first);

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
