// The store: ordered keys, atomic batches, durable commits. This is all that a backend implements.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/error.hpp>
#include <stet/export.hpp>

namespace stet { inline namespace v0 {

/// The promise of a commit that has returned.
enum class durability : std::uint8_t {
  /// It survives SIGKILL and power loss. The default, and the only mode in which Stet's promises
  /// hold.
  sync,
  /// It survives SIGKILL; a power loss may take the latest commits: always a suffix of them, never
  /// a part of one.
  process,
};

/// Says how a commit ended that did not succeed. See store_error::outcome.
enum class commit_outcome : std::uint8_t {
  /// Certainly nothing was written (disk or map full, another program in the way, a precondition
  /// that failed): the same batch may be tried again. After errc::full and errc::busy an engine
  /// tries it again, for as long as it takes; after any other code it stops.
  refused,
  /// It may be durable or not (an fsync failed, a connection broke): close the store, open it, and
  /// look.
  unknown,
};

/// A failure of a store, with the backend's own code and text, the path and the operation. Its
/// code() is errc::store, or errc::conflict when the store is in use or a precondition failed,
/// errc::corrupt when its content can't be trusted, errc::usage when the call was wrong,
/// errc::not_found when a store that was to be read doesn't exist. A commit that was refused may
/// have two other codes: errc::full when there is no room, for each number that the system has for
/// it (ENOSPC, EDQUOT, EFBIG), and errc::busy while another program holds the store. Both mean that
/// the same commit will succeed later; so a commit of unknown outcome never has them.
class STET_API store_error : public error {
 public:
  /// `operation` as in "lmdb commit"; `native` is the backend's code, or 0.
  store_error(errc code, std::string_view operation, std::string_view path, int native,
              std::string_view text, commit_outcome outcome = commit_outcome::unknown);
  store_error(const store_error&) = default;
  ~store_error() override;

  /// Returns the path of the store.
  const std::string& path() const noexcept { return path_; }
  /// Returns the backend's own code, or 0.
  int native() const noexcept { return native_; }
  /// Returns how the commit ended; of no meaning for other calls.
  commit_outcome outcome() const noexcept { return outcome_; }

 private:
  std::string path_;
  int native_;
  commit_outcome outcome_;
};

/// Writes that become visible and durable together, in the order in which they were added. Owns its
/// bytes.
///
/// Thread   one at a time.
class batch {
 public:
  enum class kind : std::uint8_t { put, erase, erase_range, expect };
  /// `value` is the value (put, expect) or the end of the range (erase_range); `absent` is only for
  /// expect.
  struct operation {
    kind what;
    bool absent;
    std::string key, value;
  };

  /// Sets `key` to `value`, whether it existed or not.
  void put(std::string key, std::string value) {
    add({kind::put, false, std::move(key), std::move(value)});
  }
  /// Removes `key`. It is no error if the key is absent.
  void erase(std::string key) { add({kind::erase, false, std::move(key), {}}); }
  /// Removes every key k with from <= k < to: none if `to` is empty. The bounds may have any
  /// length.
  void erase_range(std::string from, std::string to) {
    add({kind::erase_range, false, std::move(from), std::move(to)});
  }
  /// Makes a precondition: the commit is refused with errc::conflict unless, before the batch,
  /// `key` holds exactly `value` (nullopt: is absent).
  void expect(std::string key, std::optional<std::string> value) {
    bool absent = !value;
    add({kind::expect, absent, std::move(key), absent ? std::string() : *std::move(value)});
  }

  const std::vector<operation>& operations() const noexcept { return operations_; }
  bool empty() const noexcept { return operations_.empty(); }
  /// Returns the bytes of all keys and values: about what a commit writes.
  std::size_t size_bytes() const noexcept { return bytes_; }
  /// Takes the operations out of the batch, so that their buffers can be used again.
  std::vector<operation> release() noexcept {
    bytes_ = 0;
    return std::exchange(operations_, {});
  }
  void clear() noexcept {
    operations_.clear();
    bytes_ = 0;
  }

 private:
  void add(operation o) {
    bytes_ += o.key.size() + o.value.size();
    operations_.push_back(std::move(o));
  }
  std::vector<operation> operations_;
  std::size_t bytes_ = 0;
};

/// Receives the entries that a scan finds.
class visitor {
 public:
  /// Takes one entry. `key` and `value` are valid during the call only. Returning false ends the
  /// scan. It may throw: then the scan ends and the exception passes through. It must not call the
  /// store, nor wait for a commit: a store may hold commits back during a scan.
  virtual bool visit(std::string_view key, std::string_view value) = 0;

 protected:
  ~visitor() = default;
};

/// A range of keys, and a direction.
struct scan_range {
  std::string_view from;  ///< the first key of the range (included)
  std::string_view to;    ///< the end of the range (excluded); empty: no end
  bool backward = false;  ///< from the last key down
};

/// Facts about a store: where it is, and its limits.
struct store_info {
  std::string scheme;  ///< "lmdb"
  std::string path;    ///< its place; empty for a store in memory
  std::size_t key_bytes_max =
      511;  ///< longest key that commit takes (Stet's own are at most 500 bytes)
  std::size_t value_bytes_max = 1u << 30;  ///< longest value
  bool shared = false;                     ///< several processes may own different shards of it
};

/// An ordered key-value store. Keys are compared as unsigned bytes; a key is 1 to key_bytes_max
/// bytes of any value.
///
/// Throws   store_error from every call, never another exception of its own (std::bad_alloc apart).
/// Thread   commit from one thread at a time; get and scan from any thread, also during a commit;
///          close from one thread when no other call is running.
class STET_API store {
 public:
  store() = default;
  store(const store&) = delete;
  store& operator=(const store&) = delete;
  /// Closes the store; doesn't throw.
  virtual ~store();

  /// Returns the value of `key` in the last committed state; an empty optional if it is absent.
  virtual std::optional<std::string> get(std::string_view key) = 0;

  /// Visits the keys of a range in order. All of them belong to one committed state, whatever is
  /// committed meanwhile.
  virtual void scan(const scan_range& range, visitor& v) = 0;

  /// Applies the whole batch or nothing.
  /// Throws   store_error. Its outcome() says refused if certainly nothing was written, and unknown
  ///          if the batch may be durable or not. After unknown every later call throws until the
  ///          store is opened anew: an fsync is never retried on the same handle.
  /// Durable  when it returns, the batch is, as `d` says.
  virtual void commit(const batch& b, durability d) = 0;

  /// Flushes and releases the store. A second call does nothing. Afterwards every other call throws
  /// errc::store.
  virtual void close() = 0;

  /// Returns facts about the store.
  virtual store_info info() const = 0;
};

/// Passes every call on: a base for stores that watch, delay or fail on purpose.
class STET_API forwarding_store : public store {
 public:
  explicit forwarding_store(std::unique_ptr<store> inner) : inner_(std::move(inner)) {}
  ~forwarding_store() override;
  std::optional<std::string> get(std::string_view key) override { return inner_->get(key); }
  void scan(const scan_range& range, visitor& v) override { inner_->scan(range, v); }
  void commit(const batch& b, durability d) override { inner_->commit(b, d); }
  void close() override { inner_->close(); }
  store_info info() const override { return inner_->info(); }

 protected:
  std::unique_ptr<store> inner_;
};

/// Calls `f(key, value) -> bool` for each key of a range.
template <class F> void scan(store& s, const scan_range& range, F&& f) {
  struct calling final : visitor {
    explicit calling(F& f) : f_(f) {}
    bool visit(std::string_view k, std::string_view v) override { return f_(k, v); }
    F& f_;
  } v(f);
  s.scan(range, v);
}

}}  // namespace stet::v0
