// Attempts that wait for a thread, in the order in which they are to begin.
//
// The order is that of their ranks: an attempt of a run that began earlier goes first, so that runs
// that were begun are finished before others are. A rank says when the run began, but at most a
// minute before the attempt: so steps of older runs don't hold up those of younger ones for longer
// than that. Among equal ranks the first that came goes first.
//
// Takes no memory: the queue is a pairing heap of the attempts themselves.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <stet/environment.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// Work that can be queued. Only the queue that has it touches these, but for `rank`, which is set
/// before.
class ranked_work : public work {
 public:
  std::int64_t rank = 0;
  /// Any thread: the work that began first on a pool has 1, the next one 2; 0 if it hasn't begun.
  std::uint64_t turn() const noexcept { return turn_.load(std::memory_order_relaxed); }

 protected:
  ~ranked_work() = default;

 private:
  friend class work_front;
  friend class work_queue;
  std::atomic<std::uint64_t> turn_{0};
  std::uint64_t arrival_ = 0;
  ranked_work* first_child_ = nullptr;
  ranked_work* sibling_ = nullptr;
};

/// Not thread-safe.
class work_queue {
 public:
  bool empty() const noexcept { return !root_; }
  std::size_t size() const noexcept { return size_; }
  /// Takes a chain of ranked_work.
  void push(work* first) noexcept;
  /// Takes out the work that is to begin next; null if there is none.
  ranked_work* pop() noexcept;
  /// Takes out all work, as a chain, in the order in which it would begin.
  work* take_all() noexcept;

 private:
  static bool goes_before(const ranked_work& a, const ranked_work& b) noexcept {
    return a.rank != b.rank ? a.rank < b.rank : a.arrival_ < b.arrival_;
  }
  static ranked_work* meld(ranked_work* a, ranked_work* b) noexcept;
  static ranked_work* meld_siblings(ranked_work* first) noexcept;

  ranked_work* root_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t arrivals_ = 0;
};

}}}  // namespace stet::v0::detail
