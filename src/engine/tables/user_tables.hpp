// The user's own entries, in three layers: those in the store, the writes on their way there, and
// the writes of the running transaction. An upper layer hides the entries below it.
#pragma once
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/store.hpp>

#include "payloads/payloads.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Keys as in the store. std::nullopt means that the entry is erased.
using table_writes = std::map<std::string, std::optional<std::string>, std::less<>>;

/// A write to an entry, as it is read and as it is stored. Without a value the entry is erased.
struct sealed_write {
  std::string key;
  std::optional<std::string> value;
  std::string stored;
};
using sealed_writes = std::vector<sealed_write>;

/// Thread: the engine's loop.
class user_tables {
 public:
  user_tables(store& s, payloads& p) noexcept : store_(s), payloads_(p) {}

  std::optional<std::string> get(const std::string& key) const;
  /// Finds the first entry of [from, to), or if `backward` the last. Entries of `on_top` hide those
  /// in the store. Returns false if there is none.
  bool next(const std::string& from, const std::string& to, bool backward,
            const table_writes& on_top, std::string& key, std::string& value) const;

  /// Throws what the store has thrown since the last call of this, if anything.
  void rethrow_failure() const {
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
  }

  /// Throws a users_exception if a value can't be sealed: then nothing has changed.
  sealed_writes seal(table_writes&& writes) const;
  /// Every reader sees these entries from now on. They go to the store with the block that fills.
  void stage(sealed_writes&& writes, batch& extra_writes);
  /// Erases all of [from, to) with the block that fills. Writes nothing if there are no such
  /// entries.
  void forget(const std::string& from, const std::string& to, batch& extra_writes);
  /// sealed(): the entries that were staged since the last call are in the block on its way.
  /// committed(): that block is durable.
  void sealed();
  void committed() noexcept;

 private:
  struct entry {
    std::optional<std::string> value;
    std::uint64_t block;  // takes it to the store; counted by sealed()
  };
  std::string opened(std::string_view key, std::string_view stored) const;
  template <class F> auto from_store(F f) const;

  store& store_;
  payloads& payloads_;
  mutable std::exception_ptr failed_;
  std::map<std::string, entry, std::less<>> staged_;
  std::vector<std::string> filling_, flying_;  // keys of staged_
  std::uint64_t block_ = 1;
};

/// The state of one transaction.
class transaction_state {
 public:
  transaction_state(const user_tables& s, std::string_view name_space);
  const user_tables& below;
  const std::string prefix;  // of the keys in its namespace
  table_writes writes;
};

}  // namespace detail
}}  // namespace stet::v0
