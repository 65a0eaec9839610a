#include "database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace stet { inline namespace v0 { namespace rocksdb {
namespace {

constexpr mode_t kOwnerOnlyDirectory = 0700;
constexpr std::uint64_t kMemtableBytesMin = 1u << 20;
constexpr int kOpenFilesMax = 128;
constexpr std::uint64_t kTableBytes = 32u << 20;
constexpr std::uint64_t kLevelBytes = 128u << 20;
constexpr double kFilterBitsPerKey = 10;
constexpr std::uint64_t kWritebackBytes = 1u << 20;
constexpr std::uint64_t kManifestBytesMax = 4u << 20;
// Room that is kept for what RocksDB writes by itself: memtables, then the files that it merges.
constexpr std::uint64_t kSpareBytes = 64u << 20;

/// RocksDB tells what it does in a file of its own, at length; what matters comes as a status.
class silent_logger final : public native::Logger {
 public:
  silent_logger() : Logger(native::InfoLogLevel::HEADER_LEVEL) {}
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

errc kind_of(const native::Status& s) {
  if (s.IsNoSpace()) return errc::full;
  // Background work has no room, and a commit would wait for it in vain.
  if (s.IsIncomplete()) return errc::full;
  if (s.IsCorruption() || s.IsPathNotFound()) return errc::corrupt;
  return errc::store;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// Without the file that says which others count, RocksDB would take the directory for a new store
/// and remove what it finds: only where it was about to make one.
void check_is_new(const backend::file_owner& owner) {
  const auto fail_as = [&](errc code, const std::string& text) {
    throw store_error(code, "rocksdb open", owner.path(), 0, text, commit_outcome::refused);
  };
  if (owner.is_created()) {
    fail_as(errc::corrupt,
            "its file CURRENT is gone: restore the directory, or remove it and " + owner.path() +
                ".owner to begin afresh");
  }
  std::error_code error;
  std::filesystem::directory_iterator entries(owner.path(), error), end;
  for (; !error && entries != end; entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    const bool ours = name == "LOCK" || name == "IDENTITY" || name.starts_with("MANIFEST-") ||
                      name.ends_with(".dbtmp");
    if (!ours || !entries->is_regular_file(error) || entries->is_symlink(error)) {
      fail_as(errc::corrupt, "the directory holds other things (" + name +
                                 ") and no store; name another, or an empty one");
    }
  }
  if (error) fail_as(errc::store, "can't list the directory: " + error.message());
}

native::Options to_native(const options& o) {
  native::BlockBasedTableOptions table;
  table.block_cache = native::NewLRUCache(o.cache_bytes);
  table.cache_index_and_filter_blocks = true;  // so that memory has a bound
  table.filter_policy.reset(native::NewBloomFilterPolicy(kFilterBitsPerKey));

  native::Options n;
  n.table_factory.reset(native::NewBlockBasedTableFactory(table));
  n.compression = native::kNoCompression;
  n.wal_recovery_mode = native::WALRecoveryMode::kPointInTimeRecovery;
  n.paranoid_checks = true;
  n.write_buffer_size = static_cast<std::size_t>(std::max(o.memtable_bytes, kMemtableBytesMin));
  n.max_write_buffer_number = 2;
  n.target_file_size_base = kTableBytes;
  n.max_bytes_for_level_base = kLevelBytes;
  n.max_background_jobs = 2;
  n.max_open_files = kOpenFilesMax;
  n.bytes_per_sync = kWritebackBytes;
  n.max_manifest_file_size = kManifestBytesMax;
  n.manifest_preallocation_size = 64u << 10;
  n.allow_concurrent_memtable_write = false;  // one thread commits
  n.info_log = std::make_shared<silent_logger>();
  n.stats_dump_period_sec = n.stats_persist_period_sec = 0;
  n.max_bgerror_resume_count = 0;  // a flush that failed isn't tried again behind our back
  return n;
}

}  // namespace

void fail(std::string_view operation, std::string_view path, const native::Status& s,
          commit_outcome outcome) {
  throw store_error(kind_of(s), operation, path, static_cast<int>(s.code()), s.ToString(), outcome);
}

std::unique_ptr<native::DB> open_database(backend::file_owner& owner, const options& o) {
  native::Options n = to_native(o);
  if (!exists(owner.path() + "/CURRENT")) {
    check_is_new(owner);
    ::chmod(owner.path().c_str(), kOwnerOnlyDirectory);
    n.create_if_missing = true;
  }
  native::DB* raw = nullptr;
  native::Status s = native::DB::Open(n, owner.path(), &raw);
  std::unique_ptr<native::DB> db(raw);
  if (!s.ok()) {
    // Another comparator, column families, a newer format.
    const bool is_foreign = s.IsInvalidArgument() || s.IsNotSupported();
    const bool is_locked = s.IsIOError() && s.ToString().find("lock") != std::string::npos;
    throw store_error(is_foreign  ? errc::corrupt
                      : is_locked ? errc::conflict
                                  : kind_of(s),
                      "rocksdb open", owner.path(), static_cast<int>(s.code()), s.ToString(),
                      commit_outcome::refused);
  }
  owner.mark_created();
  return db;
}

void check_room(std::string_view path, std::size_t bytes, bool erases) {
  struct statvfs s;
  if (::statvfs(std::string(path).c_str(), &s) != 0) return;
  const std::uint64_t free = std::uint64_t{s.f_bavail} * s.f_frsize;
  const std::uint64_t needed = (erases ? kSpareBytes / 2 : kSpareBytes) + 2 * bytes;
  if (free >= needed) return;
  throw store_error(errc::full, "rocksdb commit", path, ENOSPC,
                    "the file system has " + std::to_string(free >> 10) + " KiB left, and " +
                        std::to_string(needed >> 10) + " are needed",
                    commit_outcome::refused);
}

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
