#include "engine/bodies/pool.hpp"

#include <utility>

namespace stet { inline namespace v0 { namespace detail {

pool::pool(unsigned threads) : size_(threads) {
  threads_.reserve(threads);
  try {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  } catch (...) {  // no memory, or no more threads
    stop();
    throw;
  }
}
pool::~pool() { stop(); }

void pool::submit(work* first) noexcept {
  if (!first) return;
  auto* last = first;
  unsigned count = 1;
  for (; last->next; last = last->next) ++count;
  unsigned to_wake;
  {
    port::lock_guard lock(mutex_);
    if (last_) last_->next = first;
    else first_ = first;
    last_ = last;
    to_wake = count < idle_ ? count : idle_;
  }
  for (; to_wake > 0; --to_wake) wake_.notify_one();
}

pool::rest pool::take_all() noexcept {
  rest left{};
  {
    port::lock_guard lock(mutex_);
    stopping_ = true;
    left.first = std::exchange(first_, nullptr);
    last_ = nullptr;
    left.threads.swap(threads_);
  }
  wake_.notify_all();
  return left;
}

work* pool::stop() noexcept {
  auto left = take_all();
  for (auto& t : left.threads) t.join();
  return left.first;
}

work* pool::leave() noexcept {
  auto left = take_all();
  for (auto& t : left.threads) t.detach();
  return left.first;
}

bool pool::lend() noexcept {
  port::lock_guard lock(mutex_);
  if (lent_ == lent_threads_max) return false;
  if (threads_.size() - lent_ <= size_ && !stopping_) {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (...) { return false; }  // no memory, or no more threads
  }
  ++lent_;
  --busy_;
  if (first_) wake_.notify_one();
  return true;
}

void pool::give_back() noexcept {
  port::lock_guard lock(mutex_);
  --lent_;
  ++busy_;
}

void pool::serve() noexcept {
  port::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && (!first_ || busy_ >= size_)) {
      ++idle_;
      wake_.wait(lock);
      --idle_;
    }
    if (stopping_) return;
    auto* w = first_;
    first_ = w->next;
    if (!first_) last_ = nullptr;
    w->next = nullptr;
    ++busy_;
    lock.unlock();
    w->run();
    lock.lock();
    --busy_;
  }
}

}  // namespace detail
}}  // namespace stet::v0
