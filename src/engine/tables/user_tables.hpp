// The user's own entries: what the store has, on top of that what is on its way there, and on top
// of that what the transaction that runs has written.
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

/// Keys as in the store; nothing: erased.
using table_writes = std::map<std::string, std::optional<std::string>, std::less<>>;

/// What is written to an entry, as it is read and as it is stored; nothing: it is erased.
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
  /// The first entry of [from, to), or the last; `on_top` covers it. False: there is none.
  bool next(const std::string& from, const std::string& to, bool backward,
            const table_writes& on_top, std::string& key, std::string& value) const;

  /// Throws what the store threw since this was asked last, if anything.
  void rethrow_failure() const {
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
  }

  /// Throws a users_exception if a value can't be sealed: nothing has changed then.
  sealed_writes seal(table_writes&& writes) const;
  /// From now on this is what everybody sees; it goes to the store with the block that fills.
  void stage(sealed_writes&& writes, batch& extra_writes);
  /// All of [from, to) goes, with the block that fills. Nothing is written if there is nothing.
  void forget(const std::string& from, const std::string& to, batch& extra_writes);
  /// What was staged since the last time is on its way; it is durable.
  void sealed();
  void committed() noexcept;

 private:
  struct entry {
    std::optional<std::string> value;
    std::uint64_t block;  // which takes it to the store, counted by sealed()
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

/// Of one transaction.
class transaction_state {
 public:
  transaction_state(const user_tables& s, std::string_view name_space);
  const user_tables& below;
  const std::string prefix;  // of the keys of its namespace
  table_writes writes;
};

}  // namespace detail
}}  // namespace stet::v0
