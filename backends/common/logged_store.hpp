// A store with a log before it: a commit costs one flush, and changes that are soon erased never
// reach the inner store.
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
  /// Room for records. When it is used up, the changes that the records made move into the inner
  /// store. Memory holds at most about twice as much. 0 means no log, but changes in an earlier log
  /// are moved.
  std::uint64_t bytes = 8u << 20;
  /// Called at the start of each commit. It throws if the inner store's own commit would throw
  /// because its path doesn't name the file any more that it has open. May be empty.
  std::function<void()> check_in_place = {};
  /// Called with true before the log is moved into the inner store, and with false after it: a move
  /// may not use the room that the inner store keeps for batches that make room. Doesn't throw. May
  /// be empty.
  std::function<void(bool)> is_moving = {};
};

/// Invariants: a reader sees the overlay over the inner store, and that is all that was committed.
/// The overlay has the changes of the log's records since its last restart: their sequences go from
/// the one after that in the inner store's mark to sequence_. Nothing is appended before the mark
/// says, durably, that this log is in use. So while the overlay has anything, in_use_ is true,
/// whether the log's name still finds it or not.
/// Thread: as for store. Only the committing thread changes anything, so it reads without the lock.
class logged_store final : public store {
 public:
  logged_store(std::unique_ptr<store> inner, log_options o);
  ~logged_store() override {
    try {
      logged_store::close();
    } catch (...) {  // close() reports a failure; a destructor can't
    }
  }

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void close() override;
  store_info info() const override { return info_; }

  /// Moves the rest into the inner store, and makes that store forget that it had a log.
  std::unique_ptr<store> take_inner();

 private:
  /// The changes that readers share with the committing thread.
  struct recent {
    fair_shared_mutex lock;
    overlay changes STET_GUARDED_BY(lock);
    /// For the committing thread. It alone changes anything, and so it reads and prepares without
    /// the lock. It takes the lock for changes that readers would notice.
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
  std::unique_ptr<recent> recent_;  // null when closed
  std::unique_ptr<log_file> log_;   // null while not made, or if it can't be made
  bool is_marked_ = false;          // the inner store has a mark
  bool in_use_ = false;             // the mark says that log_ is in use
  std::uint64_t last_id_ = 0;       // of the last log
  std::string record_;              // the record that is being written; a buffer
  std::uint64_t sequence_ = 0;      // of the last commit that succeeded
  std::uint64_t flushed_ = 0;       // the last one that is durable
  poison poison_;
};

/// A failure that leaves the log, the overlay or the inner store in doubt ends this object.
template <class F> void logged_store::poisoning(F&& f) {
  try {
    f();
  } catch (const store_error& e) {
    if (e.outcome() == commit_outcome::unknown) poison_.set(e.what());
    throw;
  } catch (const std::exception& e) {  // no memory, after the log and before the overlay
    poison_.set(e.what());
    throw;
  }
}

/// Returns `inner` with a log before it, in the file "<path of inner>-log". The file exists only
/// while the store is open, after the store ended without close(), or if close() found no room for
/// the log's changes. In these cases the store is both files; otherwise it is the inner one alone.
///
/// `inner` must have one owner, a path, and keys of 511 bytes. One of these keys is reserved: it
/// can't be seen or used any more. Throws store_error: errc::corrupt, with the log's path, if the
/// log is gone, damaged, or another store's.
///
/// A record relies on a device that writes whole sectors: a sector that is written again, and holds
/// the same earlier records as before, is old or new after a power cut.
std::unique_ptr<store> add_log(std::unique_ptr<store> inner, log_options o);

}  // namespace backend
}  // namespace v0
}  // namespace stet
