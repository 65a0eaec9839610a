// A store in a file or a directory: checks who uses it, opens it and closes it. The same for LMDB,
// RocksDB and SQLite.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "file_owner.hpp"
#include "poison.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// The file of such a store, and the database in it, while they are open. Each store derives a
/// class from this one. The constructor of that class opens the database and its destructor closes
/// it; the file is released after that.
///
/// file_store is the only caller. It has checked that the store is open, is used by the process
/// that opened it and hasn't failed; that keys and values have lengths that are allowed; that a
/// range isn't empty; and, before a commit, that the path still names the file.
/// Thread: get() and scan() may be called by any; all else by the committing thread.
class file_contents {
 public:
  file_contents(const file_contents&) = delete;
  file_contents& operator=(const file_contents&) = delete;
  virtual ~file_contents() = default;

  virtual std::optional<std::string> get(std::string_view key) = 0;
  virtual void scan(const scan_range& range, visitor& v) = 0;
  /// Checks the batch's expectations, too. A store_error with outcome unknown ends the store. If
  /// another failure ends the store, this function sets poison_.
  virtual void commit(const batch& b, durability d) = 0;
  /// Makes every commit durable. It is the last call to a store that hasn't failed.
  virtual void finish() = 0;
  /// The last call to a store that has failed, or whose finish() has failed. From now on nothing is
  /// written, not even by the destructor.
  virtual void give_up() noexcept {}

 protected:
  /// Takes the file that `i` names. Throws store_error, as file_owner does.
  file_contents(const store_info& i, file_owner::lock_data lock,
                file_owner::kind what = file_owner::kind::file, bool create = true)
      : owner_(i.scheme, i.path, lock, what,
               create ? file_owner::if_missing::create : file_owner::if_missing::refuse),
        info_(i) {
    info_.path = owner_.path();
  }

  file_owner owner_;
  store_info info_;
  poison poison_;

 private:
  friend class file_store;
};

/// Thread: as for store.
class file_store final : public store {
 public:
  explicit file_store(std::unique_ptr<file_contents> contents);
  ~file_store() override;

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void close() override;
  store_info info() const override { return info_; }

  /// Throws, as a commit would, and ends the store, if its path now names another file or none.
  void check_in_place();

 private:
  void check_usable(std::string_view what) const;

  std::unique_ptr<file_contents> contents_;  // null when closed
  const store_info info_;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
