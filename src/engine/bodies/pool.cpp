#include "engine/bodies/pool.hpp"

#include <algorithm>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// If a thread begins this many bodies while work waits as long as the keeper has patience, its
/// bodies are so short that more threads would only be in each other's way.
constexpr std::uint64_t short_bodies = 25;

}  // namespace

pool::pool(pool_size size, std::function<void()> is_full)
    : size_(size), is_full_(std::move(is_full)), width_(size.least) {
  try {
    {
      port::lock_guard lock(mutex_);
      threads_.reserve(size.least);
      ended_.reserve(size.least);
      while (threads_.size() < size.least) threads_.emplace_back([this] { serve(); });
    }
    keeper_ = std::thread([this] { keep(); });
  } catch (...) {  // no memory, or no more threads
    stop();
    throw;
  }
}
pool::~pool() { stop(); }

void pool::submit(work* first) noexcept {
  if (!first) return;
  bool wake_thread, wake_keeper;
  {
    port::lock_guard lock(mutex_);
    if (queued() == 0) ++emptied_;
    queue_.push(first);
    auto room = width_ > busy_ ? width_ - busy_ : 0;
    wake_thread = idle_ > 0 && room > 0;  // that one wakes the next
    wake_keeper = keeper_rests_ && queued() > room;
  }
  if (wake_thread) wake_.notify_one();
  if (wake_keeper) wake_keeper_.notify_one();
}

pool::rest pool::take_all() noexcept {
  rest left{};
  {
    port::lock_guard lock(mutex_);
    stopping_ = true;
    look_for_crowd();
    work** end = &left.first;
    while (auto* w = front_.take()) {
      *end = w;
      end = &w->next;
    }
    *end = queue_.take_all();
    left.threads.swap(threads_);
  }
  wake_.notify_all();
  wake_keeper_.notify_all();
  return left;
}

work* pool::stop() noexcept {
  auto left = take_all();
  if (keeper_.joinable()) keeper_.join();
  for (auto& t : left.threads) t.join();
  std::vector<std::thread> ended;
  {
    port::lock_guard lock(mutex_);
    ended.swap(ended_);
  }
  for (auto& t : ended) t.join();
  return left.first;
}

work* pool::leave() noexcept {
  auto left = take_all();
  if (keeper_.joinable()) keeper_.join();  // it waits for no body, and calls the engine
  for (auto& t : left.threads) t.detach();
  std::vector<std::thread> ended;
  {
    port::lock_guard lock(mutex_);
    ended.swap(ended_);
  }
  for (auto& t : ended) t.detach();
  return left.first;
}

/// Returns false if there is no memory, or no more threads.
bool pool::add_thread() noexcept {
  try {
    ended_.reserve(ended_.size() + threads_.size() + 1);  // so that a thread ends without memory
    threads_.emplace_back([this] { serve(); });
  } catch (...) { return false; }
  kept_ = SIZE_MAX;  // until the pool is narrowed
  return true;
}

bool pool::lend() noexcept {
  port::lock_guard lock(mutex_);
  if (lent_ == lent_threads_max) return false;
  if (own() <= width_ && !stopping_ && !add_thread()) return false;
  ++lent_;
  --busy_;
  look_for_crowd();
  if (queued() > 0) wake_.notify_one();
  return true;
}

void pool::give_back() noexcept {
  port::lock_guard lock(mutex_);
  --lent_;
  ++busy_;
  look_for_crowd();
  busiest_ = std::max(busiest_, busy_);
  if (keeper_rests_ && is_wide()) wake_keeper_.notify_one();  // threads may be too many now
}

std::size_t pool::width() const noexcept {
  port::lock_guard lock(mutex_);
  return width_;
}

std::size_t pool::waiting() const noexcept {
  port::lock_guard lock(mutex_);
  return queued();
}

// ---------------------------------------------------------------- the threads for bodies

void pool::serve() noexcept {
  port::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && (queued() == 0 || busy_ >= width_)) {
      if (own() > kept_) return leave_list();
      ++idle_;
      wake_.wait(lock);
      --idle_;
    }
    if (stopping_) return;
    front_.fill(queue_);
    busiest_ = std::max(busiest_, ++busy_);
    const bool wake_another = idle_ > 0 && busy_ < width_ && queued() > 1;
    lock.unlock();
    if (wake_another) wake_.notify_one();
    while (!are_too_many_.load(std::memory_order_relaxed)) {
      auto* w = front_.take();
      if (!w) break;
      w->run();
    }
    lock.lock();
    --busy_;
    look_for_crowd();
  }
}

/// This thread ends, and the keeper or a stop joins it.
void pool::leave_list() noexcept {
  auto self = std::find_if(threads_.begin(), threads_.end(), [](const std::thread& t) {
    return t.get_id() == std::this_thread::get_id();
  });
  if (self == threads_.end()) return;  // a stop has it
  ended_.push_back(std::move(*self));
  if (self != threads_.end() - 1) *self = std::move(threads_.back());
  threads_.pop_back();
  wake_keeper_.notify_one();
}

// ---------------------------------------------------------------- the keeper

void pool::keep() noexcept {
  port::unique_lock lock(mutex_);
  last_look before;
  while (!stopping_) {
    while (!ended_.empty()) {
      auto t = std::move(ended_.back());
      ended_.pop_back();
      lock.unlock();
      t.join();
      lock.lock();
    }
    const auto now = std::chrono::steady_clock::now();
    if (look(before, now) && is_full_) {
      lock.unlock();
      is_full_();
      lock.lock();
    }
    if (stopping_) return;
    if (queued() > 0) {
      (void)wake_keeper_.wait_until(lock, now + size_.patience);
      continue;
    }
    keeper_rests_ = true;
    if (before.narrows_at) (void)wake_keeper_.wait_until(lock, *before.narrows_at);
    else wake_keeper_.wait(lock);
    keeper_rests_ = false;
  }
}

/// Widens or narrows the pool. Returns whether to say that it is full.
bool pool::look(last_look& before, moment now) noexcept {
  if (!is_wide()) before.narrows_at.reset();
  else if (!before.narrows_at) before.narrows_at = now + size_.rest;
  else if (now >= *before.narrows_at) narrow(before, now);
  if (queued() == 0 || emptied_ != before.emptied) before.full_since.reset();
  if (!waits_too_long(before, now)) return false;
  if (widen()) {
    before.narrows_at = now + size_.rest;
    return false;
  }
  if (!before.full_since) {
    before.full_since = now;
    before.tell_at = now + size_.full_for;
  }
  if (now < before.tell_at) return false;
  before.tell_at = now + size_.again_after;
  return true;
}

/// Whether work has waited as long as the keeper has patience, and the bodies aren't short.
bool pool::waits_too_long(last_look& before, moment now) const noexcept {
  const bool waits = queued() > 0;
  const bool goes_on = before.waits_since && waits && emptied_ == before.emptied;
  if (goes_on && now - *before.waits_since < size_.patience) return false;  // looked too early
  const auto begun = front_.begun();
  const bool are_short = begun - before.begun >= short_bodies * width_;
  before.begun = begun;
  before.emptied = emptied_;
  before.waits_since = waits ? std::optional(now) : std::nullopt;
  return goes_on && !are_short;
}

/// By half of its width, if that much work waits. Returns false if there are as many threads as may
/// be, or if no more can be made.
bool pool::widen() noexcept {
  auto more = std::max<std::size_t>(std::min(width_ / 2, queued()), 1);
  auto wanted = std::min(size_.most, width_ + more);
  while (own() < wanted && add_thread()) {}
  auto before = std::exchange(width_, std::max(width_, std::min(wanted, own())));
  look_for_crowd();
  if (width_ > before) wake_.notify_all();
  return width_ > before;
}

/// To the most threads that were busy at once since the last time.
void pool::narrow(last_look& before, moment now) noexcept {
  width_ = std::clamp(busiest_, size_.least, width_);
  look_for_crowd();
  kept_ = width_ + 1;  // one for the next body that lends its thread
  busiest_ = busy_;
  if (is_wide()) before.narrows_at = now + size_.rest;
  else before.narrows_at.reset();
  wake_.notify_all();  // threads that are too many end
}

}  // namespace detail
}}  // namespace stet::v0
