// A log before a store: a commit costs one flush, and what is soon erased never reaches the store.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "checks.hpp"
#include "fair_shared_mutex.hpp"
#include "file_owner.hpp"
#include "log_file.hpp"
#include "overlay.hpp"
#include "poison.hpp"
#include "port/fork.hpp"

namespace stet { inline namespace v0 { namespace backend {

struct log_options {
  /// Room for records. When it is used up, what they made is moved into the inner store; memory
  /// holds at most about twice as much. 0: no log, but what an earlier one holds is moved.
  std::uint64_t bytes = 8u << 20;
  /// Called at the start of each commit; throws if the inner store's own would, since what it has
  /// open is not what its path names. May be empty.
  std::function<void()> check_in_place = {};
  /// Called with true before the log is moved into the inner store, and with false after it: what
  /// that keeps for batches that make room isn't for this. Doesn't throw. May be empty.
  std::function<void(bool)> is_moving = {};
};

/// Invariants: what was committed is the overlay over the inner store, and the overlay is what the
/// log's records since its last restart made: sequences from that of the inner store's mark (+ 1)
/// to sequence_. Nothing is appended before the mark says, durably, that this log is in use; so
/// while the overlay has anything, in_use_ is true, whether the log's name still finds it or not.
/// Thread: as store. Only the committing thread changes anything, so it reads without the lock.
class logged_store final : public store {
 public:
  logged_store(std::unique_ptr<store> inner, log_options o);
  ~logged_store() override {
    try {
      logged_store::close();
    } catch (...) {  // close() tells; a destructor can't
    }
  }

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void close() override;
  store_info info() const override { return info_; }

  /// Moves the rest into the inner store, and makes that one forget that there was a log.
  std::unique_ptr<store> take_inner();

 private:
  /// What readers share with the committing thread.
  struct recent {
    fair_shared_mutex lock;
    overlay changes STET_GUARDED_BY(lock);
    /// For the committing thread, which alone changes anything, and so reads and prepares without
    /// the lock. What readers would notice it changes under the lock.
    overlay& by_committer() STET_NO_THREAD_SAFETY_ANALYSIS { return changes; }
  };

  bool is_foreign() const { return port::fork_generation() != generation_; }
  void check_usable(std::string_view what) const;
  void check_batch(const batch& b);
  template <class F> void poisoning(F&& f);

  void recover(overlay& changes);
  std::size_t replay(std::string_view log, overlay& changes);
  void leave_one_file();
  void put_log_back();
  bool fits(const batch& b) const;
  void flush();
  void append(const batch& b, durability d);
  void commit_beside(const batch& b, durability d);
  void ensure_log();
  void save_log();
  void move(bool keep_log);
  void commit_together(const batch& b);
  void commit_inner(batch& b, bool has_batch, bool keep_log, durability d);
  void emptied();

  std::unique_ptr<store> inner_;
  const store_info info_;
  const log_options options_;
  const std::string log_path_;
  const unsigned generation_;
  std::unique_ptr<recent> recent_;  // null: closed
  std::unique_ptr<log_file> log_;   // null: not made yet, or not to be had
  bool is_marked_ = false;          // the inner store's mark is there
  bool in_use_ = false;             // it says that log_ is in use
  std::uint64_t last_id_ = 0;       // of the last log
  std::string record_;              // the one that is written; a buffer
  std::uint64_t sequence_ = 0;      // of the last commit that counts as one
  std::uint64_t flushed_ = 0;       // the last one that is durable
  poison poison_;
};

/// Whatever leaves the log, the overlay or the inner store in doubt ends this object.
template <class F> void logged_store::poisoning(F&& f) {
  try {
    f();
  } catch (const store_error& e) {
    if (e.outcome() == commit_outcome::unknown) poison_.set(e.what());
    throw;
  } catch (const std::exception& e) {  // no memory, between the log and the overlay
    poison_.set(e.what());
    throw;
  }
}

/// `inner`, with a log in the file "<path of inner>-log", where it stands only while the store is
/// open or has ended without close(), or if close() found no room for what it holds. Such a store
/// is both files; after a close it is the inner one alone.
///
/// Needs of `inner`: one owner, a path, keys of 511 bytes; one of these is reserved, and is neither
/// seen nor taken any more. Throws store_error: errc::corrupt, naming the log, if that is gone,
/// damaged, or another store's.
///
/// A record rests on the device writing whole sectors: one that is written again, with the records
/// that were in it as they were, is old or new after a power cut.
std::unique_ptr<store> add_log(std::unique_ptr<store> inner, log_options o);

}  // namespace backend
}  // namespace v0
}  // namespace stet
