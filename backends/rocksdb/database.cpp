#include "database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/wal_filter.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "backends/common/no_room.hpp"
#include "port/space.hpp"
#include "wal_proof.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {
namespace {

// For the choice of these options see docs/decisions/rocksdb-options.md.
constexpr std::uint64_t kMemtableBytesMin = 1u << 20;
constexpr std::uint64_t kTableBytes = 32u << 20;
constexpr std::uint64_t kLevelBytes = 128u << 20;
constexpr std::uint64_t kManifestBytesMax = 4u << 20;
constexpr std::uint64_t kManifestPieceBytes = 64u << 10;
constexpr double kFilterBitsPerKey = 10;
constexpr int kOpenFilesMax = 128;
// Room for two memtables that become files, one more that becomes the log, and one to spare.
constexpr std::uint64_t kSpareMemtables = 4;

/// RocksDB reports at length what it does, in a file of its own. What matters comes as a status, so
/// this logger writes nothing.
class silent_logger final : public native::Logger {
 public:
  silent_logger() : Logger(native::InfoLogLevel::HEADER_LEVEL) {}
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

native::Options to_native(const options& o, std::uint64_t memtable_bytes, native::Env* env) {
  native::BlockBasedTableOptions table;
  table.block_cache = native::NewLRUCache(static_cast<std::size_t>(o.cache_bytes));
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(native::NewBloomFilterPolicy(kFilterBitsPerKey));

  native::Options n;
  n.env = env;
  n.table_factory.reset(native::NewBlockBasedTableFactory(table));
  n.compression = native::kNoCompression;
  n.write_buffer_size = static_cast<std::size_t>(memtable_bytes);
  n.target_file_size_base = kTableBytes;
  n.max_bytes_for_level_base = kLevelBytes;
  n.max_open_files = kOpenFilesMax;
  n.max_manifest_file_size = kManifestBytesMax;
  n.manifest_preallocation_size = kManifestPieceBytes;
  n.write_dbid_to_manifest = true;
  n.allow_concurrent_memtable_write = false;
  n.max_bgerror_resume_count = 0;  // never retry a failed flush by itself
  n.stats_dump_period_sec = n.stats_persist_period_sec = 0;
  n.info_log = std::make_shared<silent_logger>();
  return n;
}

/// Returns the number of the first log that is needed. It rises when the manifest with the new
/// number is durable.
std::uint64_t first_log_of(native::DB& db) {
  std::uint64_t number = 0;
  db.GetIntProperty(native::DB::Properties::kMinLogNumberToKeep, &number);
  return number;
}

errc kind_of(const native::Status& s) {
  if (s.IsNoSpace()) return errc::full;
  // Files should be merged, but there is no room for it, and so a commit would wait in vain.
  if (s.IsIncomplete()) return errc::full;
  if (s.IsCorruption() || s.IsPathNotFound()) return errc::corrupt;
  return errc::store;
}

errc kind_at_open(const native::Status& s) {
  // The directory has another program's comparator or column families, or a newer RocksDB's format.
  if (s.IsInvalidArgument() || s.IsNotSupported()) return errc::corrupt;
  return kind_of(s);
}

[[noreturn]] void fail_open(const backend::file_owner& owner, errc code, int native,
                            std::string_view text) {
  throw store_error(code, "rocksdb open", owner.path(), native, text, commit_outcome::refused);
}
[[noreturn]] void fail_open(const backend::file_owner& owner, const native::Status& s) {
  fail_open(owner, kind_at_open(s), static_cast<int>(s.code()), s.ToString());
}

/// Without the file CURRENT, which says what files count, RocksDB would take the directory for a
/// new store and remove the files in it. So only the files of a store that was just being made may
/// be there.
void check_is_new(const backend::file_owner& owner) {
  if (owner.is_created()) {
    fail_open(owner, errc::corrupt, 0,
              "its file CURRENT is gone: restore the directory, or remove it and " + owner.path() +
                  ".owner to begin afresh");
  }
  for (const std::string& name : names_in(owner.path())) {
    const bool is_beginning = name == "LOCK" || name == "IDENTITY" ||
                              name.starts_with("MANIFEST-") || name.ends_with(".dbtmp");
    const auto status = std::filesystem::symlink_status(owner.path() + "/" + name);
    if (is_beginning && status.type() == std::filesystem::file_type::regular) continue;
    fail_open(owner, errc::corrupt, 0,
              "the directory holds other things (" + name +
                  ") and no store: name another one, or an empty one");
  }
}

/// Checks that no program that uses RocksDB without Stet has it open. (RocksDB itself takes this
/// lock later, and doesn't take it to read.)
void check_not_locked(const backend::file_owner& owner, native::Env& env) {
  native::FileLock* lock = nullptr;
  native::Status s = env.LockFile(owner.path() + "/LOCK", &lock);
  if (s.ok()) s = env.UnlockFile(lock);
  if (s.ok()) return;
  const bool is_held = s.ToString().find("while open") == std::string::npos;
  fail_open(owner, is_held ? errc::conflict : errc::store, static_cast<int>(s.code()),
            s.ToString());
}

using opened = std::unique_ptr<native::DB>;

opened open_to_read(const backend::file_owner& owner, const native::Options& n) {
  native::DB* raw = nullptr;
  native::Status s = native::DB::OpenForReadOnly(n, owner.path(), &raw);
  opened db(raw);
  if (!s.ok()) fail_open(owner, s);
  return db;
}

/// Stops RocksDB before it reads a record of the log.
class ending_filter final : public native::WalFilter {
 public:
  WalProcessingOption LogRecordFound(unsigned long long, const std::string&,
                                     const native::WriteBatch&, native::WriteBatch*,
                                     bool*) override {
    return WalProcessingOption::kStopReplay;
  }
  const char* Name() const override { return "stet"; }
};

/// Returns what the log proves. Refuses the store if the manifest lacks some of it, or if the log
/// is gone.
proof check_manifest(const backend::file_owner& owner, native::Options n) {
  ending_filter filter;
  n.wal_filter = &filter;
  const opened db = open_to_read(owner, n);
  std::string id;
  if (native::Status s = db->GetDbIdentity(id); !s.ok()) fail_open(owner, s);
  const std::uint64_t first = first_log_of(*db), last = last_log(owner.path());
  // A copy that RocksDB made may have no log. A directory that we had open always has one.
  if (owner.is_created() && (last == 0 || last < first)) {
    fail_open(owner, errc::corrupt, 0,
              "its log (a file named as in 000012.log) is gone, and the latest commits with it: "
              "restore the store from a backup");
  }
  const proof proved = find_proof(owner.path(), id);
  if (proved.first_log > first) {
    fail_open(owner, errc::corrupt, 0,
              "its manifest lacks what it once had: restore the store from a backup");
  }
  return proved;
}

/// Refuses the store if its log can't be read as far as its proofs go.
void check_log(const backend::file_owner& owner, const native::Options& n, const proof& proved) {
  const std::uint64_t found = open_to_read(owner, n)->GetLatestSequenceNumber();
  if (found >= proved.commits) return;
  fail_open(owner, errc::corrupt, 0,
            "its log is damaged: it can be read up to number " + std::to_string(found) +
                ", and up to " + std::to_string(proved.commits) +
                " it was acknowledged; restore the store from a backup");
}

opened open_to_write(const backend::file_owner& owner, const native::Options& n) {
  native::DB* raw = nullptr;
  native::Status s = native::DB::Open(n, owner.path(), &raw);
  opened db(raw);
  if (!s.ok()) fail_open(owner, s);
  return db;
}

/// To open a store is to drop the part of its log that can't be read. So that is done only when it
/// is known that no commit in that part was acknowledged. The first attempt accepts only a whole
/// log, as most logs are.
opened open_existing(const backend::file_owner& owner, native::Options n) {
  check_not_locked(owner, *n.env);
  const proof proved = check_manifest(owner, n);
  n.wal_recovery_mode = native::WALRecoveryMode::kAbsoluteConsistency;
  try {
    return open_to_write(owner, n);
  } catch (const store_error& e) {
    if (e.code() != errc::corrupt) throw;
  }
  n.wal_recovery_mode = native::WALRecoveryMode::kPointInTimeRecovery;
  check_log(owner, n, proved);
  return open_to_write(owner, n);
}

opened open_new(const backend::file_owner& owner, native::Options n, bool create) {
  check_is_new(owner);
  if (!create)
    fail_open(owner, errc::not_found, 0,
              "there is no store at " + owner.path() +
                  ": the making of one was cut short, and it has nothing; nothing was changed, "
                  "since `create` is false");
  port::restrict_to_owner(owner.path(), port::file_kind::directory);
  n.create_if_missing = true;
  return open_to_write(owner, n);
}

opened open_directory(const backend::file_owner& owner, const native::Options& n, bool create) {
  try {
    const bool exists = std::filesystem::exists(owner.path() + "/CURRENT");
    return exists ? open_existing(owner, n) : open_new(owner, n, create);
  } catch (const std::system_error& e) {
    fail_open(owner, errc::store, e.code().value(), e.what());
  }
}

}  // namespace

void fail(std::string_view operation, std::string_view path, const native::Status& s,
          commit_outcome outcome) {
  throw store_error(backend::honest(kind_of(s), outcome), operation, path,
                    static_cast<int>(s.code()), s.ToString(), outcome);
}

database::database(backend::file_owner& owner, const options& o)
    : owner_(owner), memtable_bytes_(std::max(o.memtable_bytes, kMemtableBytesMin)) {
  db_ = open_directory(owner, to_native(o, memtable_bytes_, &threads_), o.create);
  db_->GetDbIdentity(id_).PermitUncheckedError();  // it always has one
  // RocksDB has written the log's records to a sorted file by now, so they are durable.
  durable_ = db_->GetLatestSequenceNumber();
  owner.mark_created();
}

void database::check_room(std::size_t bytes, bool erases) const {
  std::uint64_t free = 0;
  if (port::free_bytes(owner_.path(), free) != 0) return;
  const std::uint64_t spare = kSpareMemtables * memtable_bytes_ / (erases ? 2 : 1);
  const std::uint64_t needed = spare + 2 * bytes;
  if (free >= needed) return;
  throw store_error(errc::full, "rocksdb commit", owner_.path(), ENOSPC,
                    "the file system has " + std::to_string(free >> 10) + " KiB left, and " +
                        std::to_string(needed >> 10) + " KiB are needed",
                    commit_outcome::refused);
}

void database::check_writable(std::size_t bytes) const {
  const int native = port::try_room(owner_.path() + "/room.log", memtable_bytes_ + bytes);
  if (native == 0) return;
  throw store_error(backend::is_no_room(native) ? errc::full : errc::store, "rocksdb commit",
                    owner_.path(), native, "no file can be written: " + port::text_of(native),
                    commit_outcome::refused);
}

native::Status database::write(native::WriteBatch& b, bool flush) {
  native::Status s = b.PutLogData(encode_proof(id_, {durable_, first_log_of(*db_)}));
  native::WriteOptions o;
  o.sync = flush;
  if (s.ok()) s = db_->Write(o, &b);
  if (!s.ok()) return s;
  is_flushed_ = flush;
  is_proved_ = false;
  if (flush) durable_ = db_->GetLatestSequenceNumber();
  return s;
}

/// If more than one log is needed, and the newest one is removed, that isn't noticed. So this makes
/// the older ones needless.
void database::leave_one_log() {
  try {
    if (count_logs(owner_.path(), first_log_of(*db_)) <= 1) return;
  } catch (const std::system_error&) { return; }  // the directory is gone: close() reports that
  db_->Flush({}).PermitUncheckedError();          // if it fails, all stays in the logs
}

native::Status database::close() {
  if (is_log_full()) return is_flushed_ ? native::Status() : native::Status::NoSpace("its log");
  leave_one_log();
  native::Status s;
  if (!is_proved_) {
    const bool was_flushed = is_flushed_;
    native::WriteBatch proof;
    s = write(proof, true);
    if (was_flushed) s = {};
  }
  native::Status closed = db_->Close();
  return s.ok() ? closed : s;
}

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
