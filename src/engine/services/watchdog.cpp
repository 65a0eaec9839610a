#include "engine/services/watchdog.hpp"

#include <algorithm>
#include <new>

#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {

namespace {

std::string text_of(duration d) { return std::to_string(d.count()) + " ms"; }
void tell_without_words(reporter& r) noexcept {
  r.report(event_kind::loop_held, "a workflow keeps the engine too long");
}

}  // namespace

watchdog::watchdog(reporter& r, clock& c, duration limit) noexcept
    : reporter_(r), clock_(c), limit_(limit) {}
watchdog::~watchdog() { stop(); }

void watchdog::start() {
  if (limit_.count() > 0) thread_ = std::thread([this] { watch(); });
}

void watchdog::stop() noexcept {
  {
    port::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void watchdog::leak() noexcept {
  if (thread_.joinable()) new (std::nothrow) std::thread(std::move(thread_));
}

void watchdog::enter(std::string_view workflow, std::string_view id) noexcept {
  if (limit_.count() <= 0) return;
  code_ = {workflow, id};
  if (!thread_.joinable()) began_ = clock_.steady();
  turn_.fetch_add(1);
  if (!asleep_) return;
  {
    port::lock_guard lock(mutex_);
    asleep_ = false;
  }
  wake_.notify_one();
}

void watchdog::leave(command_number command, source_point at) noexcept {
  if (limit_.count() <= 0) return;
  auto turn = turn_.fetch_add(1);
  if (reads_) port::lock_guard wait(mutex_);
  bool has_thread = thread_.joinable();
  auto took = has_thread ? duration{} : clock_.steady() - began_;
  if (has_thread ? named_.load(std::memory_order_relaxed) != turn : took < limit_) return;
  try {
    tell(code_, (has_thread ? std::string("goes on") : "kept the engine for " + text_of(took)) +
                    ", after command " + std::to_string(command.value()) + " (" + at.file + ":" +
                    std::to_string(at.line) + ")");
  } catch (...) { tell_without_words(reporter_); }
}

/// Copies the names of the code that has run since this turn, and marks the turn as reported. Empty
/// if the code has come back.
std::optional<watchdog::names<std::string>> watchdog::copy_names(std::uint64_t turn) noexcept {
  std::optional<names<std::string>> whose;
  reads_ = true;
  if (turn_ == turn) {
    named_ = turn;
    whose.emplace();
    try {
      whose->workflow = code_.workflow;
      whose->id = code_.id;
    } catch (const std::bad_alloc&) {}  // it is reported without them
  }
  reads_ = false;
  return whose;
}

void watchdog::tell(const names<std::string_view>& whose, const std::string& what) noexcept {
  try {
    auto text = "workflow " + shown(whose.workflow) + ", run " + shown(whose.id) + ", " + what;
    reporter_.event({event_kind::loop_held, text, whose.workflow, whose.id, {}});
  } catch (...) { tell_without_words(reporter_); }
}

void watchdog::watch() {
  port::unique_lock lock(mutex_);
  // A longer pause would overflow the clock. Half of 1 ms must not become 0, hence nanoseconds.
  constexpr duration longest = std::chrono::hours(24 * 365 * 100);
  const auto pause = std::chrono::nanoseconds(std::min(limit_, longest)) / 2;
  std::uint64_t seen = 0;
  int the_same = 0;
  while (!stopping_) {
    const auto end = std::chrono::steady_clock::now() + pause;
    while (!stopping_ && wake_.wait_until(lock, end)) {}
    auto turn = turn_.load();
    if (turn != seen) {
      seen = turn;
      the_same = 0;
      continue;
    }
    ++the_same;
    if (turn % 2 == 1) {
      if (the_same != 2) continue;
      const auto whose = copy_names(turn);
      if (!whose) continue;
      lock.unlock();
      tell({whose->workflow, whose->id},
           "has kept the engine for more than " + text_of(limit_) +
               " without an await, and no other run goes on meanwhile: put long work into a "
               "step");
      lock.lock();
    } else if (the_same >= 2) {
      asleep_ = true;
      if (turn_ != seen) asleep_ = false;  // code has begun just now, and may not have seen it
      while (!stopping_ && asleep_) wake_.wait(lock);
    }
  }
}

}}}  // namespace stet::v0::detail
