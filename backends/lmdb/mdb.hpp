// LMDB's C interface, wrapped in classes that clean up: only this file calls mdb_*.
// Calls return LMDB's code where the caller must tell codes apart.
#pragma once
#include <lmdb.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

namespace stet { inline namespace v0 { namespace lmdb {

inline MDB_val to_val(std::string_view s) {
  return {s.size(), const_cast<char*>(s.data())};  // LMDB doesn't write through it
}
inline std::string_view to_view(const MDB_val& v) {
  return {static_cast<const char*>(v.mv_data), v.mv_size};
}

/// A pointer to an object of LMDB's. `End` ends the object unless the pointer was given away.
template <class T, void (*End)(T*)> class handle {
 public:
  handle() = default;
  handle(handle&& o) noexcept : raw_(std::exchange(o.raw_, nullptr)) {}
  handle& operator=(handle&& o) noexcept {
    std::swap(raw_, o.raw_);
    return *this;
  }
  ~handle() { reset(); }

  T* get() const noexcept { return raw_; }
  /// For the C function that makes the object.
  T** out() noexcept { return &raw_; }
  T* give_away() noexcept { return std::exchange(raw_, nullptr); }
  void reset() noexcept {
    if (raw_ != nullptr) End(std::exchange(raw_, nullptr));
  }

 private:
  T* raw_ = nullptr;
};

using env = handle<MDB_env, mdb_env_close>;
/// Aborts the transaction unless it was committed.
using txn = handle<MDB_txn, mdb_txn_abort>;
/// A cursor must be closed before its transaction ends: declare it after the transaction.
using cursor = handle<MDB_cursor, mdb_cursor_close>;

/// Ends the transaction in any case. LMDB returns EIO also if a write was cut short, but only a
/// full file system cuts one short: then no call has failed and errno is 0.
inline int commit(txn t) {
  errno = 0;
  int rc = mdb_txn_commit(t.give_away());
  return rc == EIO && errno != EIO ? ENOSPC : rc;
}

/// Gets the value of a key, or nullopt if the key is absent. The value lies in the map and is valid
/// as long as the transaction.
inline int get(const txn& t, MDB_dbi db, std::string_view key,
               std::optional<std::string_view>& value) {
  MDB_val k = to_val(key), v{};
  int rc = mdb_get(t.get(), db, &k, &v);
  if (rc == MDB_SUCCESS) value = to_view(v);
  return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

/// The key and the value at which a cursor stands.
struct place {
  MDB_val key{}, value{};
};

inline int move(const cursor& c, MDB_cursor_op where, place& p) {
  return mdb_cursor_get(c.get(), &p.key, &p.value, where);
}
/// Moves to the first key >= `key`. An empty key means the first of all, which LMDB would refuse.
inline int seek(const cursor& c, std::string_view key, place& p) {
  if (key.empty()) return move(c, MDB_FIRST, p);
  p.key = to_val(key);
  return move(c, MDB_SET_RANGE, p);
}

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
