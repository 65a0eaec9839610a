#include "own_threads.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace stet { inline namespace v0 { namespace rocksdb {

own_threads::worker::~worker() {
  {
    port::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void own_threads::worker::add(const job& j) {
  {
    port::lock_guard lock(mutex_);
    jobs_.push_back(j);
  }
  changed_.notify_one();
}

int own_threads::worker::remove(void* tag) {
  std::vector<job> removed;
  {
    port::lock_guard lock(mutex_);
    const auto is_it = [tag](const job& j) { return j.tag == tag; };
    std::copy_if(jobs_.begin(), jobs_.end(), std::back_inserter(removed), is_it);
    std::erase_if(jobs_, is_it);
  }
  for (const job& j : removed) {
    if (j.unscheduled != nullptr) j.unscheduled(j.argument);
  }
  return static_cast<int>(removed.size());
}

unsigned own_threads::worker::length() {
  port::lock_guard lock(mutex_);
  return static_cast<unsigned>(jobs_.size());
}

void own_threads::worker::run() noexcept {
  port::unique_lock lock(mutex_);
  for (;;) {
    while (!is_ending_ && jobs_.empty()) changed_.wait(lock);
    if (jobs_.empty()) return;
    const job j = jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    j.function(j.argument);
    lock.lock();
  }
}

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
