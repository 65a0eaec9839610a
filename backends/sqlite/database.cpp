#include "database.hpp"

#include <algorithm>
#include <utility>

#include "whole.hpp"

namespace stet { inline namespace v0 { namespace sqlite {
namespace {

// On disk, never change: the mark of a Stet store, "Stet", and the version of its table.
constexpr int kApplication = 0x53746574;
constexpr int kForm = 1;
constexpr const char* kTable =
    "CREATE TABLE pairs(key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)";

constexpr int kPageBytes = 4096;
constexpr int kCacheKiB = 8 << 10;  // for the connection that writes
constexpr std::uint64_t kLogBytesMin = 64u << 10;
constexpr std::uint64_t kLogBytesMax = 512u << 20;
// After this many commits that flushed, the log gets its whole length at once.
constexpr int kStretchAfter = 8;
// How long to wait for a program that holds the file for a moment.
constexpr int kWaitMs = 1000;
// If the log is this many times as long as it should be, readers wait until it has been moved.
constexpr int kPatience = 4;
// The bytes of a row beside its value: the key, and SQLite's own.
constexpr int kRowBytes = 1024;

constexpr int kFlags =
    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;

/// Returns true if `rc`, which `c` has just returned, is a failure that changes nothing and may be
/// gone at the next try.
bool is_passing(sqlite3* c, int rc) noexcept {
  return is_busy(rc) || is_full(c, rc) || kind_of(rc) == SQLITE_NOMEM;
}

std::string set_cache() { return "PRAGMA cache_size=" + std::to_string(-kCacheKiB); }

/// `c` exists even if it can't be opened: it has the error's text.
int open_connection(const std::string& path, int flags, connection& c) {
  sqlite3* raw = nullptr;
  int rc = sqlite3_open_v2(path.c_str(), &raw, kFlags | flags, nullptr);
  c.reset(raw);
  if (rc == SQLITE_OK) rc = sqlite3_busy_timeout(raw, kWaitMs);
  return rc;
}

}  // namespace

reader::reader(const std::string& path) {
  int rc = open_connection(path, SQLITE_OPEN_READONLY, c);
  auto settings = "PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON";
  if (rc == SQLITE_OK) rc = sqlite3_exec(c.get(), settings, nullptr, nullptr, nullptr);
  if (rc == SQLITE_OK) rc = get.prepare(c.get(), "SELECT value FROM pairs WHERE key = ?1");
  // Reads the key at which a scan ends, but not its value: that may be a block of megabytes.
  if (rc == SQLITE_OK) {
    rc = forward.prepare(c.get(),
                         "SELECT key, CASE WHEN key < ?2 THEN value END FROM pairs "
                         "WHERE key >= ?1 ORDER BY key");
  }
  if (rc == SQLITE_OK) {
    rc = backward.prepare(c.get(),
                          "SELECT key, CASE WHEN key >= ?2 THEN value END FROM pairs "
                          "WHERE key < ?1 ORDER BY key DESC");
  }
  if (rc != SQLITE_OK) fail("sqlite read", path, c.get(), rc);
}

database::database(backend::file_owner& owner, const options& o)
    : path_(owner.path()), log_path_(path_ + "-wal"), readers_(path_) {
  connect();
  const bool is_made = !is_new();
  const bool has_log = ask("PRAGMA journal_mode") == "wal";  // else no lock would last
  if (has_log) take_lock();
  if (is_made) check_whole();
  if (!is_made && owner.is_created()) {
    fail_open(errc::corrupt, "the file holds nothing, but " + path_ +
                                 ".owner says that a store was here: restore it, or remove both to "
                                 "begin afresh");
  }
  if (!is_made && !o.create) {
    fail_open(errc::not_found, "there is no store at " + path_ +
                                   ": the file holds nothing; nothing was created, since `create` "
                                   "is false: look at the path");
  }
  make_settings(o.wal_bytes);
  if (!has_log) take_lock();
  if (!is_made) make_table();
  // Data that was only read may not be durable. No call returns it before it certainly is.
  check(sqlite3_wal_checkpoint_v2(writer_.c.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                  nullptr));
  prepare_all();
  log_ = find_log();
  sqlite3_wal_hook(writer_.c.get(), on_commit, this);
  owner.mark_created();
  move_log_at_end(true);
}

void database::fail_open(errc code, std::string_view text) const {
  throw store_error(code, "sqlite open", path_, 0, text, commit_outcome::refused);
}

void database::check(int rc) const {
  if (rc == SQLITE_OK) return;
  if (is_busy(rc)) {
    fail_open(errc::conflict, std::string(sqlite3_errmsg(writer_.c.get())) +
                                  "; another program holds it: close that first");
  }
  fail("sqlite open", path_, writer_.c.get(), rc);
}

std::string database::ask(const std::string& sql) const {
  std::string answer;
  check(sqlite::ask(writer_.c.get(), sql, answer));
  return answer;
}

void database::connect() {
  if (sqlite3_threadsafe() == 0) {
    fail_open(errc::store, "this SQLite was built for one thread (SQLITE_THREADSAFE=0)");
  }
  // SQLite doesn't follow symbolic links either, but its error doesn't say so.
  for (const char* end : {"-wal", "-shm", "-journal"}) {
    port::file_facts there;
    const bool exists = port::look_at_name(path_ + end, there) == 0;
    if (!exists || there.kind != port::file_kind::link) continue;
    fail_open(errc::store, path_ + end + " is a symbolic link, and none is followed: remove it");
  }
  check(open_connection(path_, SQLITE_OPEN_READWRITE, writer_.c));
  move_log_at_end(false);  // a file that is refused stays as it is
}

/// Sets whether SQLite moves the log into the file when the connection is closed.
void database::move_log_at_end(bool moves) const noexcept {
  sqlite3_db_config(writer_.c.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, moves ? 0 : 1, nullptr);
}

/// Returns false for a store of ours, true for a file with nothing in it. Throws for any other
/// file.
bool database::is_new() const {
  const std::string application = ask("PRAGMA application_id"), form = ask("PRAGMA user_version");
  const std::string tables = ask("SELECT group_concat(sql, ';') FROM sqlite_schema");
  if (application == "0" && form == "0" && tables.empty()) return true;
  if (application != std::to_string(kApplication)) {
    fail_open(errc::corrupt,
              "an SQLite file of another program; a Stet store is a file of its own");
  }
  if (form != std::to_string(kForm)) {
    fail_open(errc::store, "it has form " + form + ", and this Stet knows " +
                               std::to_string(kForm) + "; open it with a newer Stet");
  }
  if (tables != kTable) fail_open(errc::corrupt, "its tables are not those that Stet made");
  return false;
}

void database::set(const std::string& setting, const std::string& value,
                   const std::string& expected) const {
  ask("PRAGMA " + setting + "=" + value);
  const std::string in_force = ask("PRAGMA " + setting);
  if (in_force == expected) return;
  std::string text = "SQLite leaves " + setting + " at '" + in_force + "', not '" + expected + "'";
  if (setting == "journal_mode") text += "; the file must be on a local disk";
  fail_open(errc::store, text);
}

// For the choice of these settings see docs/decisions/sqlite-settings.md.
void database::make_settings(std::uint64_t log_bytes) {
  log_bytes = std::clamp(log_bytes, kLogBytesMin, kLogBytesMax);
  const std::string log_limit = std::to_string(log_bytes * 2);
  ask("PRAGMA page_size=" + std::to_string(kPageBytes));  // for a new file
  ask("PRAGMA auto_vacuum=NONE");                         // for a new file
  set("trusted_schema", "OFF", "0");
  set("cell_size_check", "ON", "1");
  set("locking_mode", "NORMAL", "normal");
  set("synchronous", "FULL", "2");
  set("fullfsync", "ON", "1");
  set("checkpoint_fullfsync", "ON", "1");
  set("journal_mode", "WAL", "wal");
  set("wal_autocheckpoint", "0", "0");
  set("journal_size_limit", log_limit, log_limit);
  set("secure_delete", "OFF", "0");
  ask(set_cache());
  ask("PRAGMA mmap_size=0");
  page_bytes_ = std::stoi(ask("PRAGMA page_size"));
  next_move_ = pages_max_ = static_cast<int>(log_bytes) / page_bytes_;
  int can_overwrite = -1;
  sqlite3_file_control(writer_.c.get(), "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &can_overwrite);
  is_full_certain_ = can_overwrite == 1;
}

/// If the note beside the file is removed, the lock on it is lost. So we also take one of SQLite's
/// locks on the file itself, one that SQLite never uses with a write-ahead log. That lock keeps no
/// reader out, ends with the process, and isn't passed on to a fork. Since SQLite takes it, we
/// needn't open a descriptor of the file (closing that would drop all locks of the process).
void database::take_lock() const {
  (void)ask("SELECT count(*) FROM sqlite_schema");  // after a first read the connection has one
  sqlite3_file* file = nullptr;
  void* out = static_cast<void*>(&file);
  check(sqlite3_file_control(writer_.c.get(), "main", SQLITE_FCNTL_FILE_POINTER, out));
  const int rc = file->pMethods->xLock(file, SQLITE_LOCK_RESERVED);
  if (rc == SQLITE_OK) return;
  if (!is_busy(rc)) fail("sqlite open", path_, nullptr, rc);
  fail_open(errc::conflict, "it is in use by another process, whose note " + path_ +
                                ".owner was removed; only one engine may have it open");
}

void database::make_table() const {
  const std::string all = std::string("BEGIN IMMEDIATE; ") + kTable +
                          "; PRAGMA application_id=" + std::to_string(kApplication) +
                          "; PRAGMA user_version=" + std::to_string(kForm) + "; COMMIT";
  check(sqlite3_exec(writer_.c.get(), all.c_str(), nullptr, nullptr, nullptr));
}

void database::prepare_all() {
  auto prepare = [&](statement& s, const char* sql) { check(s.prepare(writer_.c.get(), sql)); };
  prepare(writer_.begin, "BEGIN IMMEDIATE");
  prepare(writer_.commit, "COMMIT");
  prepare(writer_.rollback, "ROLLBACK");
  prepare(writer_.get, "SELECT value FROM pairs WHERE key = ?1");
  prepare(writer_.put,
          "INSERT INTO pairs VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value");
  prepare(writer_.erase, "DELETE FROM pairs WHERE key = ?1");
  prepare(writer_.erase_range, "DELETE FROM pairs WHERE key >= ?1 AND key < ?2");
}

/// Checks that the file has all its pages, before anything is changed.
void database::check_whole() const {
  const auto count = static_cast<std::uint32_t>(std::stoul(ask("PRAGMA page_count")));
  const auto page_bytes = static_cast<std::uint32_t>(std::stoul(ask("PRAGMA page_size")));
  port::file_facts facts;
  if (port::look(path_, facts) != 0) fail_open(errc::store, "it can't be looked at");
  const std::uint64_t bytes = facts.bytes;
  const auto page = missing_page(writer_.c.get(), count, page_bytes, bytes);
  if (!page) return;
  fail_open(errc::corrupt, "the file was cut short: it has " + std::to_string(bytes) + " of " +
                               std::to_string(std::uint64_t{count} * page_bytes) +
                               " bytes, and page " + std::to_string(*page) +
                               " is missing or cut; it is left as it is: restore the store from a "
                               "backup");
}

std::size_t database::value_bytes_max() const {
  return static_cast<std::size_t>(sqlite3_limit(writer_.c.get(), SQLITE_LIMIT_LENGTH, -1) -
                                  kRowBytes);
}

void database::prepare(durability d) {
  set_durability(d);
  if (d == durability::sync && ++flushes_ == kStretchAfter) stretch_log();
}

void database::set_durability(durability d) {
  if (d == in_force_) return;
  in_force_.reset();  // until it is certain which one is in force
  sqlite3* c = writer_.c.get();
  const bool sync = d == durability::sync;
  std::string answer;
  int rc = sqlite::ask(c, sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", answer);
  if (rc == SQLITE_OK) rc = sqlite::ask(c, "PRAGMA synchronous", answer);
  if (rc != SQLITE_OK) fail("sqlite commit", path_, c, rc);
  if (answer != (sync ? "2" : "1")) {
    throw store_error(errc::store, "sqlite commit", path_, 0,
                      "SQLite leaves synchronous at " + answer, commit_outcome::refused);
  }
  in_force_ = d;
}

// A flush of a growing file also has to write where the new blocks are. So a transaction that is
// larger than the memory it may use gives the log its length, and is rolled back.
void database::stretch_log() {
  sqlite3* c = writer_.c.get();
  auto run = [&](const std::string& sql) {
    return sqlite3_exec(c, sql.c_str(), nullptr, nullptr, nullptr);
  };
  int rc = run("PRAGMA cache_size=16; BEGIN IMMEDIATE; INSERT INTO pairs VALUES('', zeroblob(" +
               std::to_string(pages_max_ * page_bytes_) + "))");
  if (is_passing(c, rc)) rc = SQLITE_OK;  // without it commits are slower, nothing else
  const bool is_open = sqlite3_get_autocommit(c) == 0;
  if (rc == SQLITE_OK) rc = run((is_open ? "ROLLBACK; " : "") + set_cache());
  if (rc == SQLITE_OK) rc = flush_log();
  if (rc != SQLITE_OK) fail("sqlite commit", path_, c, rc, commit_outcome::unknown);
  is_flushed_ = true;
}

int database::on_commit(void* self, sqlite3*, const char*, int pages) noexcept {
  auto& d = *static_cast<database*>(self);
  if (pages < d.pages_) d.next_move_ = d.pages_max_;  // the log began anew
  d.pages_ = pages;
  d.has_written_ = true;
  return SQLITE_OK;
}

void database::committed(durability d) {
  const bool has_written = std::exchange(has_written_, false);
  const bool is_sync = d == durability::sync;
  if (has_written) {
    is_flushed_ = is_sync;
  } else if (is_sync && !is_flushed_) {
    int rc = flush_log();
    if (rc != SQLITE_OK) fail("sqlite commit", path_, writer_.c.get(), rc, commit_outcome::unknown);
    is_flushed_ = true;
  }
  if (find_log() != log_) {
    throw store_error(errc::store, "sqlite commit", path_, 0,
                      log_path_ + " was deleted, renamed or replaced under the open store");
  }
  if (has_written && pages_ >= next_move_) move_log();
}

/// Returns the identity of the file that the log's name leads to. If that can't be looked up
/// (permissions were dropped), returns the first identity.
port::file_identity database::find_log() const noexcept {
  port::file_facts facts;
  if (int native = port::look(log_path_, facts)) {
    return port::is_missing(native) ? port::file_identity{} : log_;
  }
  return facts.identity;
}

int database::flush_log() const noexcept {
  sqlite3_file* log = log_of(writer_.c.get());
  return log == nullptr ? SQLITE_IOERR : log->pMethods->xSync(log, SQLITE_SYNC_FULL);
}

void database::move_log() {
  // When all of the log is moved and no read runs, the next commit begins the log anew. Readers
  // that overlap for ever would prevent that, except those that begin when all is moved.
  if (pages_ / kPatience >= pages_max_) readers_.alone([this] { move_log_now(); });
  else move_log_now();
}

void database::move_log_now() {
  next_move_ = pages_ + pages_max_;
  sqlite3* c = writer_.c.get();
  int rc = sqlite3_wal_checkpoint_v2(c, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (rc == SQLITE_OK || is_passing(c, rc)) return;  // the rest stays in the log
  fail("sqlite commit", path_, c, rc, commit_outcome::unknown);
}

void database::leave_one_file() {
  readers_.clear();
  sqlite3* c = writer_.c.get();
  int rc = sqlite3_wal_checkpoint_v2(c, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (is_passing(c, rc)) rc = flush_log();
  if (rc != SQLITE_OK) fail("sqlite close", path_, c, rc, commit_outcome::unknown);
}

void database::leave_as_it_is() noexcept {
  readers_.clear();
  move_log_at_end(false);
}

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
