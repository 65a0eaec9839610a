// The loop: made, started, turned, put to sleep, closed; and how others reach it.
#include <unistd.h>

#include <algorithm>
#include <new>
#include <tuple>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/core.hpp"
#include "engine/pool.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

thread_local const engine_core* on_loop = nullptr;  // whose loop this thread is at the moment

class as_loop {
 public:
  explicit as_loop(const engine_core* e) noexcept
      : before_(on_loop), limit_(e->payload_bytes_max()) {
    on_loop = e;
  }
  as_loop(const as_loop&) = delete;
  as_loop& operator=(const as_loop&) = delete;
  ~as_loop() { on_loop = before_; }

 private:
  const engine_core* before_;
  payload_limit limit_;
};

std::unique_ptr<store> there(std::unique_ptr<store> s) {
  if (!s) throw error(errc::usage, "engine", "an engine needs a store");
  return s;
}

// While a timer is pending the clocks are looked at this often: a machine that was suspended tells
// nobody, and neither does a clock that was set (docs/decisions/naps.md).
constexpr std::int64_t nap_ms_max = 4'000;
constexpr std::int64_t sleep_ms_max = 86'400'000;  // else: something must be a limit

std::exception_ptr is_closed() noexcept {
  return to_exception([] { return error(errc::closed, "engine", "the engine is closed"); });
}

}  // namespace

bool engine_core::is_on_loop() const noexcept { return on_loop == this; }

std::exception_ptr own_copy(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const store_error& x) { return std::make_exception_ptr(x); } catch (const error& x) {
    return std::make_exception_ptr(x);
  } catch (...) { return e; }
}

engine_core::engine_core(std::unique_ptr<store> s, engine_options o)
    : store_(there(std::move(s))),
      options_(std::move(o)),
      clock_(options_.clock ? *options_.clock : system_clock()),
      entropy_(options_.entropy ? *options_.entropy : system_entropy()),
      listener_(options_.listener ? *options_.listener : own_listener_),
      watchdog_(listener_, clock_, options_.watchdog),
      manual_(options_.threads == 0),
      executor_(options_.executor),
      journal_(*store_, options_.commits),
      payloads_(options_.transforms),
      state_(*store_, payloads_),
      sent_(*store_),
      time_(clock_) {
  if (options_.threads > threads_max)
    throw error(errc::usage, "engine",
                "threads are at most " + std::to_string(threads_max) + ", not " +
                    std::to_string(options_.threads));
  if (options_.tail_bytes_max < 4096)
    throw error(errc::usage, "engine",
                "tail_bytes_max is at least 4096 bytes, not " +
                    std::to_string(options_.tail_bytes_max));
  if (options_.watchdog.count() < 0)
    throw error(errc::usage, "engine", "the watchdog's time is negative");
  if (options_.retention < duration{})
    throw error(errc::usage, "engine", "a retention must not be negative");
  if (options_.payload_bytes_max > payload_bytes_ceiling)
    throw error(errc::usage, "engine",
                "payload_bytes_max is at most " + std::to_string(payload_bytes_ceiling) +
                    " bytes, this one is " + std::to_string(options_.payload_bytes_max));
  const auto payload_max = journal_.event_bytes_max() / 4;
  if (options_.payload_bytes_max > payload_max)
    throw error(
        errc::usage, "engine",
        "payload_bytes_max is at most a sixteenth of the longest value that the store takes, " +
            std::to_string(payload_max) + " bytes, this one is " +
            std::to_string(options_.payload_bytes_max));
  options_.tail_bytes_max = std::min(options_.tail_bytes_max, journal_.event_bytes_max() / 2);
}

engine_core::~engine_core() {
  try {
    (void)close(std::nullopt);
  } catch (const std::exception& e) { tell_problem("closing the engine failed: ", e.what()); }
}

/// Also when there is no memory for the text.
void engine_core::tell_problem(std::string_view what, const char* why) noexcept {
  try {
    listener_.problem(std::string(what) + why);
  } catch (const std::bad_alloc&) { listener_.problem(what); }
}

void engine_core::define(std::string_view name, std::string_view version,
                         std::unique_ptr<definition> d) {
  if (phase_ != phase::made)
    throw error(errc::usage, name, "define workflows before the engine is started");
  definitions_.add(name, version, std::move(d));
}
void engine_core::define(std::unique_ptr<declared_error> e) {
  if (phase_ != phase::made)
    throw error(errc::usage, e->name(), "declare error types before the engine is started");
  errors_.add(std::move(e));
}

void engine_core::start() {
  if (phase_ == phase::running) throw error(errc::usage, "start", "the engine is started already");
  if (phase_ == phase::closed) throw error(errc::closed, "start", "the engine is closed");
  as_loop here(this);
  process_ = ::getpid();
  try {
    recover();
    if (!executor_ && !manual_) {
      own_executor_ = std::make_unique<pool>(options_.threads);
      executor_ = own_executor_.get();
    }
    phase_ = phase::running;  // a body may begin before this returns
    if (!manual_) {
      committer_.start([this] {
        if (asleep_) wake();
      });
      watchdog_.start();
      thread_.start(std::thread([this] { loop(); }));
    }
  } catch (...) {
    give_up_start(std::current_exception());
    std::rethrow_exception(as_error(std::current_exception()));
  }
}

bool engine_core::turn() {
  tick();
  bool busy = finish_commit();
  // What was refused is tried again before anybody is told that it still is.
  if (busy || is_refused()) busy |= commit();
  busy |= open_gates();
  busy |= take_returned();
  busy |= take_beats();
  busy |= take_calls();
  busy |= fire_timers();
  busy |= drive_ready();
  busy |= sweep();
  watch_bodies();
  if (STET_SEEDED(effect_before_durable)) busy |= open_gates();
  busy |= commit();
  return busy;
}

bool engine_core::take_calls() {
  ensure(is_on_loop(), "calls are performed on the engine's thread");
  {
    std::lock_guard lock(mutex_);
    taken_.swap(calls_);
  }
  bool any = !taken_.empty();
  for (auto* c : taken_) c->join(open_calls_);
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    auto* c = performed_ = taken_[i];
    if (!c) continue;
    if (is_refused() && c->needs_room) {
      c->done(why_refused());
      continue;
    }
    answer_lsn_ = UINT64_MAX;  // everything, unless the call knows better
    std::exception_ptr failed;
    try {
      if (c->perform(*this)) answer(*c, std::min(answer_lsn_, journal_.last_lsn()));
      // What these leave in memory isn't whole. The engine ends, and whoever ends it tells this
      // call and those behind it.
    } catch (const store_error&) { throw; } catch (const std::bad_alloc&) {
      throw;
    } catch (const broken_invariant&) {
      throw;
    } catch (const users_exception& e) {  // whatever it is: the call's, and nobody else's
      failed = e.thrown();
    } catch (...) { failed = as_error(std::current_exception()); }
    if (failed) {
      c->fails(std::move(failed));
      answer(*c, journal_.last_lsn());
    }
    relieve();
  }
  performed_ = nullptr;
  taken_.clear();
  return any;
}

void engine_core::loop() noexcept {
  as_loop here(this);
  try {
    for (;;) {
      {
        std::lock_guard lock(mutex_);
        if (closing_) break;
      }
      if (!turn()) sleep_until_woken(sleep_ms_max);
    }
  } catch (...) { fail(std::current_exception()); }
  thread_.ends();
}

/// Nothing more is believed, acknowledged or begun: what is durable is read again by the next
/// engine on this store.
void engine_core::fail(std::exception_ptr e) noexcept {
  e = as_error(e);
  {
    std::lock_guard lock(mutex_);
    failed_ = e;
  }
  fail_everybody(e);
  for (auto& [run, r] : runs_)
    for (auto* a : r->attempts)
      if (!a->revoke()) a->ask_to_stop();
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) {
    tell_problem("the engine stopped: ", x.what());
  } catch (...) { listener_.problem("the engine stopped"); }
}

void engine_core::fail_everybody(const std::exception_ptr& e) noexcept {
  std::vector<call*> calls;
  {
    std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (auto* c : calls) c->done(own_copy(e));
  while (open_calls_) open_calls_->done(own_copy(e));
  taken_.clear();
  answers_.clear();
  for (auto& [run, r] : runs_) {
    r->waiters.clear();
    r->updaters.clear();
  }
}

void engine_core::discard_attempts() noexcept {
  auto all = take_from_threads();
  all.take(inline_returned_);
  for (auto* a : std::exchange(gate_, {})) all.push(*a);
  while (std::unique_ptr<attempt> a{all.pop()}) a->run_of.remove(*a);
}

void engine_core::sleep_until_woken(std::int64_t ms_max) {
  auto until = next_timer();
  if (!manual_) until = std::min(until, sweeps_.next);
  if (until != INT64_MAX) until = std::clamp(time_.shown(until), now_, now_ + nap_ms_max);
  if (is_refused()) until = std::min(until, retry_commit_at_);
  if (do_bodies_starve()) until = std::min(until, now_ + starved_ms);
  until = std::min(until, now_ + ms_max);
  auto end = std::chrono::steady_clock::now() + duration(std::max<std::int64_t>(until - now_, 1));
  // What commit() lets grow is looked at when the time for that is over: perhaps it is by now.
  bool grows = block_at_ == block_at::nowhere && journal_.has_something();
  if (grows) end = std::min(end, grow_until_);
  std::unique_lock lock(mutex_);
  asleep_ = true;
  // What is taken only when there is room again doesn't keep the loop awake.
  bool nothing = calls_.empty() && (is_refused() || (beats_.empty() && !returned_.load())) &&
                 !(block_at_ == block_at::committer && committer_.done());
  if (nothing) wake_.wait_until(lock, end, [&] { return woken_ || closing_; });
  woken_ = false;
  asleep_ = false;
}

void engine_core::wake() noexcept {
  std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_one();
}

void engine_core::returned(attempt& a) noexcept {
  if (on_loop == this) {
    inline_returned_.push(a);
    return;
  }
  auto* head = returned_.load(std::memory_order_relaxed);
  do a.next_in_row = head;
  while (!returned_.compare_exchange_weak(head, &a));
  if (asleep_) wake();
}

void engine_core::throw_if_unusable() const {
  if (on_loop == this)
    throw error(
        errc::usage, "engine",
        "this call waits for the engine, and was made on the engine's own thread: from a "
        "workflow use ctx, from an inline step or in manual mode hand it to another thread");
  if (phase_ == phase::made)
    throw error(errc::usage, "engine", "the engine is not started: call start() first");
  if (process_ != ::getpid())
    throw error(
        errc::closed, "engine",
        "this process was forked from the engine's: open an engine of its own, on another store");
  if (phase_ == phase::closed) throw error(errc::closed, "engine", "the engine is closed");
}

/// The engine has failed, or is being closed. For who has mutex_.
void engine_core::throw_if_over() const {
  if (failed_) std::rethrow_exception(own_copy(failed_));
  if (closing_) throw error(errc::closed, "engine", "the engine is closed");
}

bool engine_core::ask_loop(call& c, std::optional<duration> limit) {
  {
    std::lock_guard lock(mutex_);
    throw_if_over();
    calls_.push_back(&c);
    if (asleep_) {
      woken_ = true;
      wake_.notify_one();
    }
  }
  if (manual_) return drive_until(c, limit);
  if (!limit) {
    c.wait();
    return true;
  }
  return c.wait_for(*limit) || give_up_waiting(c);
}

/// The time is up: takes the call back from the loop. True if it was answered meanwhile. Throws if
/// the engine ends in that very turn.
bool engine_core::give_up_waiting(call& c) {
  bool is_back = false;
  auto take_back = [&] {
    forget(static_cast<waiting_call&>(c));  // only those wait with a limit
    is_back = true;
  };
  asking<decltype(take_back)> taking(take_back);
  taking.needs_room = false;
  try {
    submit(taking);
    taking.take();
  } catch (const error&) {
    if (is_back) throw;
    c.wait();  // the engine ends, and tells everybody: until then it knows the call
  }
  return c.is_done();
}

bool engine_core::poll() {
  throw_if_unusable();
  if (!manual_)
    throw error(errc::usage, "poll",
                "this engine has threads of its own: poll() is for engine_options{.threads = 0}");
  std::lock_guard drives(drive_mutex_);
  {
    std::lock_guard lock(mutex_);
    throw_if_over();
  }
  return was_busy_ = turn_by_caller();
}

/// By who has the lock.
bool engine_core::turn_by_caller() {
  as_loop here(this);
  try {
    bool busy = turn();
    was_busy_ &= busy;
    return busy;
  } catch (...) {
    fail(std::current_exception());
    std::rethrow_exception(as_error(std::current_exception()));
  }
}

/// In a forked child the threads are missing and the store is the parent's: nothing is touched,
/// their objects are leaked.
bool engine_core::abandon_in_fork() noexcept {
  if (phase_ == phase::made || process_ == ::getpid()) return false;
  if (thread_.joinable()) thread_.forget();
  std::ignore = own_executor_.release();
  for (auto& [run, r] : runs_)
    for (auto* a : r->attempts)
      if (a->later) a->later->orphan();
  committer_.leak();
  watchdog_.leak();
  phase_ = phase::closed;
  return true;
}

bool engine_core::close(std::optional<duration> limit) {
  if (abandon_in_fork()) return true;
  if (limit && limit->count() < 0) throw error(errc::usage, "close", "a time to wait is negative");
  if (on_loop == this || engine_of_body() == this)
    throw error(errc::usage, "close",
                "an engine can't be closed from its own threads: a body would wait for itself");
  {
    std::lock_guard lock(mutex_);
    if (closing_) return !left_bodies_;
    closing_ = true;
    wake_.notify_one();
  }
  constexpr duration no_limit = std::chrono::hours(24 * 365);
  std::optional<std::chrono::steady_clock::time_point> close_by;
  if (limit && *limit < no_limit) close_by = std::chrono::steady_clock::now() + *limit;
  const bool is_loop_left = thread_.joinable() && !thread_.join(close_by);
  committer_.stop();
  watchdog_.stop();
  std::lock_guard lock(drive_mutex_);
  as_loop here(this);
  close_by_ = close_by;
  left_bodies_ = is_loop_left;
  auto before = phase_.exchange(phase::closed);
  std::exception_ptr why;
  if (before == phase::running) {
    try {
      if (!is_loop_left) finish();  // else a run is in the midst of a drive
    } catch (...) { why = std::current_exception(); }
    end_bodies();  // also if that failed early: frames go now
  }
  fail_everybody(why ? why : is_closed());
  if (left_bodies_) {
    keep_for_ever();
  } else {
    discard_attempts();
    lru_.clear();
    runs_.clear();
  }
  store_->close();
  if (why) std::rethrow_exception(why);
  return !left_bodies_;
}

/// Bodies run that may touch all that is here: it stays. What is the host's they don't touch any
/// more, apart from an interceptor that one of them is in.
void engine_core::keep_for_ever() {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::shared_ptr<engine_core>>;
  slots_.detach();
  body_clock_.leave();
  std::lock_guard lock(mutex);
  kept.push_back(shared_from_this());
}

/// Bodies may be waiting for the engine, by themselves or through threads of their own, and the
/// engine is about to wait for them: what was asked is answered; whoever waits for a run is told
/// that the engine ends.
void engine_core::let_bodies_go() {
  do {
    wait_for_commit();
    (void)take_calls();
    (void)commit();
    wait_for_commit();
  } while (!answers_.empty() && !is_refused());
  auto closed = is_closed();
  auto tell = [&](auto& waiting) {
    for (auto* c : std::exchange(waiting, {})) c->done(own_copy(closed));
  };
  for (auto& [run, r] : runs_) {
    tell(r->waiters);
    tell(r->updaters);
  }
}

/// Until no body runs, or the time for that is over.
void engine_core::give_bodies_time() {
  if (!close_by_ || left_bodies_) return;
  auto runs = [](const auto& entry) {
    auto& all = entry.second->attempts;
    return std::any_of(all.begin(), all.end(), [](auto* a) {
      return a->at == attempt::phase::running && !a->is_pending();
    });
  };
  while (std::any_of(runs_.begin(), runs_.end(), runs)) {
    left_bodies_ = std::chrono::steady_clock::now() >= *close_by_;
    if (left_bodies_) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// What had not begun, as a chain. Threads of others than ours can't be left: what waits there
/// finds that it was revoked.
work* engine_core::stop_executor() {
  auto* all = std::exchange(executor_, nullptr);
  if (!all) return nullptr;
  if (!left_bodies_) return all->stop();
  outstanding_ = 0;
  return own_executor_ ? own_executor_->leave() : nullptr;
}

/// Until no body runs, and nothing is pending that may refer to a frame; or they are left behind.
void engine_core::end_bodies() {
  give_bodies_time();
  for (auto* w = stop_executor(); w;) {
    auto* a = static_cast<attempt*>(std::exchange(w, w->next));
    a->revoke();
    inline_returned_.push(*a);
    if (!a->later)
      --outstanding_;  // else the last commit waits for it, and the close is over
                       // before
  }
  for (auto& [run, r] : runs_)
    for (auto* a : r->attempts) end_pending(*a);
}

void engine_core::end_pending(attempt& a) {
  if (!a.is_pending()) return;
  a.ask_to_stop();
  if (!a.body->waits_for_body) return leave_behind(a);
  for (int waited_ms = 0; a.is_pending(); ++waited_ms) {
    if (waited_ms == 1000)
      listener_.problem("the close waits for the pending step " + shown(a.body->name) +
                        " to be resolved, rejected or dropped: its body captures, and may have "
                        "lent its run's variables");
    left_bodies_ = left_bodies_ || (close_by_ && std::chrono::steady_clock::now() >= *close_by_);
    if (left_bodies_) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Lets bodies end, records what came of them, notes what never began, and checkpoints everything.
void engine_core::finish() {
  failpoint("close");
  for (auto& [run, r] : runs_)
    for (auto* a : r->attempts)
      if (!a->revoke()) a->ask_to_stop();
  if (!failed_) let_bodies_go();
  end_bodies();
  if (failed_) return;
  tick();
  wait_for_commit();
  if (is_refused()) {  // perhaps there is room by now: the last try
    retry_commit_at_ = now_;
    (void)commit();
  }
  (void)take_calls();
  (void)take_returned();
  (void)drive_ready();  // once: runs that keep each other busy would never end
  for (auto* a : std::exchange(gate_, {})) {
    a->revoke();
    inline_returned_.push(*a);
  }
  take_returned();
  take_beats();
  for (auto& [run, r] : runs_) slice(*r);
  journal_.mark_clean();
  wait_for_commit();
  while (commit()) {}
  if (is_refused())
    throw error(
        refused_as_, "close",
        std::string(refused_as_ == errc::busy ? "another program holds the store"
                                              : "the store has no room for the last commit") +
            "; what was acknowledged is safe");
  slots_.close();
}

}  // namespace detail
}}  // namespace stet::v0
