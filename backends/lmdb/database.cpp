#include "database.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <tuple>

#include "backends/common/no_room.hpp"
#include "map_size.hpp"
#include "port/mapping.hpp"
#include "whole.hpp"

namespace stet { inline namespace v0 { namespace lmdb {
namespace {

// One slot for each thread that reads at the same moment.
constexpr unsigned kReadersMax = 512;
// The room beyond the limit for a batch that erases: for the path to the page and the lists of
// freed pages.
constexpr std::size_t kReserveBytesMin = 1u << 20;

std::size_t to_map_size(std::uint64_t bytes) {
  constexpr std::uint64_t most = (SIZE_MAX >> 1) & ~std::uint64_t{kMapUnit - 1};
  if (bytes >= most) return most;
  std::uint64_t rounded = (bytes + kMapUnit - 1) & ~std::uint64_t{kMapUnit - 1};
  return static_cast<std::size_t>(std::max<std::uint64_t>(rounded, kMapUnit));
}

lmdb::env make_env() {
  lmdb::env e;
  if (int rc = mdb_env_create(e.out())) fail("lmdb open", "", rc);
  return e;
}

std::size_t file_size(const port::file& f) {
  port::file_facts facts;
  return f.look(facts) == 0 ? static_cast<std::size_t>(facts.bytes) : 0;
}

}  // namespace

std::uint64_t log_bytes_of(const options& o) noexcept {
  constexpr std::uint64_t share = 16;
  return std::min(o.log_bytes, o.map_bytes_max / share);
}

errc kind_of(int rc) noexcept {
  switch (rc) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL: return errc::full;
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE: return errc::corrupt;
    default: return backend::is_no_room(rc) ? errc::full : errc::store;
  }
}

void fail(std::string_view operation, std::string_view path, int rc, commit_outcome outcome) {
  throw store_error(backend::honest(kind_of(rc), outcome), operation, path, rc, mdb_strerror(rc),
                    outcome);
}

database::database(backend::file_owner& owner, const options& o)
    : owner_(owner), env_(make_env()), readers_(env_.get()) {
  map_bytes_max_ = to_map_size(o.map_bytes_max);
  // A batch that makes room also moves the log's changes, which may be twice as large as the log.
  reserve_bytes_ =
      to_map_size(std::max(kReserveBytesMin, map_bytes_max_ / 64) + 2 * log_bytes_of(o));
  if (!o.create) check_is_store();
  drop_torn_beginning();
  std::uint64_t used = file_size(owner.data());
  map_bytes_ = to_map_size(std::max<std::uint64_t>(o.map_bytes, used + used / 2));
  map_bytes_ = std::min(map_bytes_, std::max(map_bytes_max_, to_map_size(used)));
  check_whole();
  owner.create_side_file("-lock");  // we create it: LMDB would follow a planted symbolic link
  const std::string& path = owner.path();
  if (int rc = mdb_env_set_maxreaders(env_.get(), kReadersMax)) fail("lmdb open", path, rc);
  if (int rc = mdb_env_set_mapsize(env_.get(), map_bytes_)) fail("lmdb open", path, rc);
  // With MDB_NOTLS a read transaction belongs to no thread: `readers` passes it from one to
  // another.
  int rc = mdb_env_open(env_.get(), path.c_str(), MDB_NOSUBDIR | MDB_NOTLS, 0600);
  if (rc != MDB_SUCCESS) {
    // On a full disk LMDB leaves half of a new file's first pages, which it would refuse for ever.
    if (used == 0) std::ignore = owner.data().set_size(0);
    fail("lmdb open", path, rc);
  }
  int dead = 0;
  mdb_reader_check(env_.get(), &dead);
  port::native_file file = port::no_file;
  // LMDB, at least up to 0.9.24, leaves this descriptor open in programs that the process executes.
  if (mdb_env_get_fd(env_.get(), &file) == MDB_SUCCESS) port::keep_from_programs(file);
  open_table(path);
  if (int native = cover_file()) fail("lmdb open", path, native);
  owner.mark_created();
}

void database::open_table(const std::string& path) {
  lmdb::txn t;
  unsigned flags = 0;
  int rc = mdb_txn_begin(env(), nullptr, MDB_RDONLY, t.out());
  if (rc == MDB_SUCCESS) rc = mdb_dbi_open(t.get(), nullptr, 0, &table_);
  if (rc == MDB_SUCCESS) rc = mdb_dbi_flags(t.get(), table_, &flags);
  if (rc == MDB_SUCCESS) rc = commit(std::move(t));
  if (rc != MDB_SUCCESS) fail("lmdb open", path, rc);
  if (flags != 0) {
    throw store_error(errc::corrupt, "lmdb open", path, 0,
                      "an LMDB file of another program: its main table has flags",
                      commit_outcome::refused);
  }
}

std::size_t database::page_bytes() const noexcept {
  MDB_stat stat;
  mdb_env_stat(env(), &stat);
  return stat.ms_psize;
}

std::size_t database::used_bytes() const noexcept {
  MDB_envinfo info;
  mdb_env_info(env(), &info);
  return (info.me_last_pgno + 1) * page_bytes();
}

// For a reader, who is to make nothing: LMDB would leave its -lock file beside a file that isn't
// its own, and half of a store would be made anew.
void database::check_is_store() const {
  const port::file& file = owner_.data();
  if (!owner_.is_created() && is_torn_beginning(file)) {
    throw store_error(errc::not_found, "lmdb open", owner_.path(), 0,
                      "there is no store at " + owner_.path() +
                          ": the making of one was cut short, and it has nothing; nothing was "
                          "changed, since `create` is false",
                      commit_outcome::refused);
  }
  if (file_size(file) > 0 && !extent_of(file)) fail("lmdb open", owner_.path(), MDB_INVALID);
}

// A power cut may have left half of a store that was being made. Such a file has no data, and LMDB
// would refuse it at every start.
void database::drop_torn_beginning() const {
  const port::file& file = owner_.data();
  if (owner_.is_created() || !is_torn_beginning(file)) return;
  if (int native = file.set_size(0)) fail("lmdb open", owner_.path(), native);
}

// LMDB trusts its file: if that was cut short, LMDB would return zeros for values, or end the
// process. So this is checked before LMDB opens the file, and before anything is changed.
void database::check_whole() const {
  const port::file& file = owner_.data();
  const auto extent = extent_of(file);
  if (!extent || !extent->is_short()) return;
  const std::string missing = missing_part(file);
  if (missing.empty()) return;
  throw store_error(errc::corrupt, "lmdb open", owner_.path(), 0,
                    "the file was cut short: it has " + std::to_string(extent->size) + " of " +
                        std::to_string(extent->used) + " bytes, and " + missing +
                        "; it is left as it is: restore the store from a backup",
                    commit_outcome::refused);
}

// Reading a page of the map past the end of the file would raise SIGBUS. A sound file may be
// shorter than its pages (see check_whole). It is made as long as they are: nothing refers to the
// missing ones.
int database::cover_file() const noexcept {
  const std::size_t used = used_bytes();
  return file_size(owner_.data()) >= used ? 0 : owner_.data().set_size(used);
}

int database::set_durability(durability d) {
  bool sync = d == durability::sync;
  if (sync == is_flushed_) return MDB_SUCCESS;
  int rc = mdb_env_set_flags(env(), MDB_NOMETASYNC, sync ? 0 : 1);
  if (rc == MDB_SUCCESS) is_flushed_ = sync;
  return rc;
}

int database::commit(txn t) noexcept {
  int rc = lmdb::commit(std::move(t));
  readers_.commit_ended();
  return rc;
}

int database::flush() { return is_flushed_ ? MDB_SUCCESS : mdb_env_sync(env(), 1); }

bool database::make_room(bool may_use_reserve) {
  int dead = 0;
  mdb_reader_check(env(), &dead);  // a dead reader (a tool) keeps freed pages from being used
  std::size_t limit = map_bytes_max_ + (may_use_reserve ? reserve_bytes_ : 0);
  if (map_bytes_ < limit) {
    auto larger = next_map_size(map_bytes_, limit, port::has_address_space);
    if (larger == map_bytes_) fail_growth(map_bytes_ + kMapUnit);
    resize(larger);
    return true;
  }
  return !is_aged_ && age_freed_pages();
}

void database::fail_growth(std::size_t bytes) const {
  throw store_error(errc::full, "lmdb commit", owner_.path(), ENOMEM,
                    "the map has " + std::to_string(map_bytes_) + " bytes, and can't grow to " +
                        std::to_string(bytes) +
                        ": this process has no such address space in one piece (ulimit -v, or a "
                        "process of 32 bits?); raise that limit, or erase runs",
                    commit_outcome::refused);
}

void database::resize(std::size_t bytes) {
  // mdb_env_set_mapsize unmaps before it maps, and leaves a broken environment if the map fails.
  if (bytes > map_bytes_ && !port::has_address_space(bytes)) fail_growth(bytes);
  int rc = readers_.alone([&] { return mdb_env_set_mapsize(env(), bytes); });
  if (rc != MDB_SUCCESS) fail("lmdb commit", owner_.path(), rc, commit_outcome::unknown);
  MDB_envinfo info;
  mdb_env_info(env(), &info);
  map_bytes_ = info.me_mapsize;
}

// Pages that transaction n freed can be used by n+2 at the earliest, and a refused batch makes no
// transaction: a full store would stay full for ever. So this makes a transaction, in the reserve,
// that changes nothing.
bool database::age_freed_pages() {
  is_aged_ = true;
  resize(std::max(map_bytes_, map_bytes_max_ + reserve_bytes_));
  const std::string probe(static_cast<std::size_t>(mdb_env_get_maxkeysize(env())), '\xff');
  MDB_val key = to_val(probe), value{};
  lmdb::txn t;
  int rc = mdb_txn_begin(env(), nullptr, 0, t.out());
  if (rc == MDB_SUCCESS) rc = mdb_put(t.get(), table_, &key, &value, MDB_NOOVERWRITE);
  if (rc == MDB_SUCCESS) rc = mdb_del(t.get(), table_, &key, nullptr);
  if (rc == MDB_SUCCESS) rc = commit(std::move(t));
  else t.reset();
  resize(std::max(map_bytes_max_, used_bytes()));
  if (rc != MDB_SUCCESS && kind_of(rc) != errc::full) {
    fail("lmdb commit", owner_.path(), rc, commit_outcome::unknown);
  }
  return rc == MDB_SUCCESS;
}

void database::committed() {
  is_aged_ = false;
  std::ignore = cover_file();  // else the next process that opens it must check all pages
  if (map_bytes_ <= map_bytes_max_) return;
  std::size_t least = std::max(map_bytes_max_, used_bytes());
  if (least < map_bytes_) resize(least);
}

bool database::has_panicked() {
  lmdb::txn t;
  return mdb_txn_begin(env(), nullptr, MDB_RDONLY, t.out()) == MDB_PANIC;
}

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
