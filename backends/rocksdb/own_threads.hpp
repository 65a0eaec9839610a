// RocksDB's environment (its access to the system), with threads that belong to one store.
#pragma once
#include <rocksdb/env.h>

#include <deque>
#include <thread>

#include "own_files.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {

namespace native = ::rocksdb;

/// RocksDB's own threads belong to the process: they begin with its first store and never end, and
/// a store opened in a forked child would wait for threads that only its parent has. The threads of
/// this class begin and end with their store. One writes memory to files, the other merges files.
///
/// Thread: any. Outlives the database that uses it, which leaves no work in its queues.
class own_threads final : public own_files {
 public:
  const char* Name() const override { return "stet"; }
  void Schedule(void (*function)(void*), void* argument, Priority p, void* tag,
                void (*unscheduled)(void*)) override {
    of(p).add({function, argument, tag, unscheduled});
  }
  int UnSchedule(void* tag, Priority p) override { return of(p).remove(tag); }
  unsigned GetThreadPoolQueueLen(Priority p) const override {
    return const_cast<own_threads*>(this)->of(p).length();
  }
  int GetBackgroundThreads(Priority p) override { return p == LOW || p == HIGH ? 1 : 0; }
  void SetBackgroundThreads(int, Priority) override {}
  void IncBackgroundThreadsIfNeeded(int, Priority) override {}

 private:
  struct job {
    void (*function)(void*);
    void* argument;
    void* tag;
    void (*unscheduled)(void*);  // called instead of function; may be null
  };

  /// A thread and its queue of work.
  class worker {
   public:
    worker() : thread_([this] { run(); }) {}
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker();
    void add(const job& j);
    int remove(void* tag);
    unsigned length();

   private:
    void run() noexcept;
    port::mutex mutex_;
    port::condition changed_;
    std::deque<job> jobs_ STET_GUARDED_BY(mutex_);
    bool is_ending_ STET_GUARDED_BY(mutex_) = false;
    std::thread thread_;  // the last member: it uses the others
  };

  worker& of(Priority p) noexcept { return p == HIGH ? writing_ : merging_; }

  worker writing_, merging_;
};

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
