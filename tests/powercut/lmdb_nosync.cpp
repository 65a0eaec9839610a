// LMDB with MDB_NOSYNC: only the parts of a store that the power cuts need.
#include <lmdb.h>

#include <stdexcept>

#include "controls.hpp"

namespace stet_powercut {
namespace {

using kind = stet::batch::kind;

void check(int rc) {
  if (rc != MDB_SUCCESS) throw std::runtime_error(std::string("lmdb: ") + mdb_strerror(rc));
}

MDB_val to_val(const std::string& s) { return {s.size(), const_cast<char*>(s.data())}; }
std::string_view to_view(const MDB_val& v) {
  return {static_cast<const char*>(v.mv_data), v.mv_size};
}

class nosync_store final : public stet::store {
 public:
  explicit nosync_store(const std::string& path) : path_(path) {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, std::size_t{128} << 20));
    check(mdb_env_open(env_, path.c_str(), MDB_NOSUBDIR | MDB_NOSYNC, 0600));
  }
  ~nosync_store() override { nosync_store::close(); }

  std::optional<std::string> get(std::string_view) override {
    throw std::logic_error("no get in this control");
  }

  void scan(const stet::scan_range&, stet::visitor& v) override {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn));
    MDB_dbi dbi = 0;
    MDB_cursor* cursor = nullptr;
    check(mdb_dbi_open(txn, nullptr, 0, &dbi));
    check(mdb_cursor_open(txn, dbi, &cursor));
    MDB_val key, value;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
      if (!v.visit(to_view(key), to_view(value))) break;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
  }

  void commit(const stet::batch& b, stet::durability) override {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, 0, &txn));
    MDB_dbi dbi = 0;
    check(mdb_dbi_open(txn, nullptr, 0, &dbi));
    for (const auto& o : b.operations()) {
      MDB_val key = to_val(o.key), value = to_val(o.value);
      if (o.what == kind::put) check(mdb_put(txn, dbi, &key, &value, 0));
      if (o.what == kind::erase_range) erase_range(txn, dbi, o.key, o.value);
    }
    check(mdb_txn_commit(txn));
  }

  void close() override {
    if (env_ != nullptr) mdb_env_close(std::exchange(env_, nullptr));
  }

  stet::store_info info() const override { return {.scheme = "nosync", .path = path_}; }

 private:
  static void erase_range(MDB_txn* txn, MDB_dbi dbi, const std::string& from,
                          const std::string& to) {
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(txn, dbi, &cursor));
    MDB_val key = to_val(from), value;
    while (mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE) == MDB_SUCCESS &&
           to_view(key) < to) {
      check(mdb_cursor_del(cursor, 0));
      key = to_val(from);
    }
    mdb_cursor_close(cursor);
  }

  const std::string path_;
  MDB_env* env_ = nullptr;
};

}  // namespace

std::unique_ptr<stet::store> open_lmdb_nosync(const std::string& path) {
  return std::make_unique<nosync_store>(path);
}

}  // namespace stet_powercut
