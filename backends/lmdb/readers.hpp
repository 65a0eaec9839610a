// Read transactions that are kept for reuse, and the gate that lets the map move when none is
// running.
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

#include "mdb.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace lmdb {

/// Hands out read transactions of one environment. Renewing a kept transaction costs a tenth of
/// beginning a new one: it needs no memory and no lock of the reader table.
///
/// LMDB begins a read in two steps: it takes the number n of the last commit, and then reads the
/// page of roots of commit n. Commit n + 2 overwrites that page, and only then becomes the last
/// commit. A thread that is held up between the two steps reads roots that aren't committed yet,
/// and its next read may see an older state. So if a commit ended while a read began, the read
/// begins anew: n + 2 can't have been written unless n + 1 ended meanwhile.
///
/// Invariant: active_ counts the transactions that are handed out. While held_ is true, none is
/// handed out.
/// Thread: any.
class readers {
 public:
  explicit readers(MDB_env* e) : env_(e) {}

  /// A read transaction; its destructor gives it back.
  class lease {
   public:
    explicit lease(readers& r) : readers_(r) {}
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() {
      if (out_) readers_.take_back(std::move(txn_));
    }
    const txn& transaction() const noexcept { return txn_; }
    /// Call it once, before all else. Returns LMDB's code.
    int begin() {
      int rc = readers_.hand_out(txn_);
      out_ = true;
      return rc;
    }

   private:
    readers& readers_;
    txn txn_;
    bool out_ = false;
  };

  /// Waits until no read is running, and makes new ones wait until `f` has returned.
  template <class F> auto alone(F&& f) {
    port::unique_lock lock(mutex_);
    held_ = true;
    while (active_ > 0) changed_.wait(lock);
    struct release {
      readers& r;
      ~release() {
        r.held_ = false;
        r.changed_.notify_all();
      }
    } on_exit{*this};
    return f();
  }

  /// Call it after each commit, whether that succeeded or not, before the next one begins.
  void commit_ended() noexcept { ++commits_ended_; }

 private:
  int hand_out(txn& t) {
    {
      port::unique_lock lock(mutex_);
      while (held_) changed_.wait(lock);
      ++active_;
      if (!kept_.empty()) {
        t = std::move(kept_.back());
        kept_.pop_back();
      }
    }
    for (;;) {
      const auto commits = commits_ended_.load();
      int rc = begin_or_renew(t);
      if (rc != MDB_SUCCESS || commits == commits_ended_.load()) return rc;
      mdb_txn_reset(t.get());
    }
  }

  int begin_or_renew(txn& t) const {
    if (t.get() == nullptr) return mdb_txn_begin(env_, nullptr, MDB_RDONLY, t.out());
    int rc = mdb_txn_renew(t.get());
    if (rc != MDB_SUCCESS) t.reset();
    return rc;
  }

  void take_back(txn t) noexcept {
    if (t.get() != nullptr) mdb_txn_reset(t.get());
    port::lock_guard lock(mutex_);
    try {
      if (t.get() != nullptr) kept_.push_back(std::move(t));
    } catch (...) {  // no memory to keep it: it ends here
    }
    if (--active_ == 0 && held_) changed_.notify_all();
  }

  MDB_env* env_;
  port::mutex mutex_;
  port::condition changed_;
  std::vector<txn> kept_ STET_GUARDED_BY(mutex_);
  unsigned active_ STET_GUARDED_BY(mutex_) = 0;
  bool held_ STET_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> commits_ended_{0};
};

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
