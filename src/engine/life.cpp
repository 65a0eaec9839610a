// The loop: made, started, turned, put to sleep, closed; and how others reach it.
#include <unistd.h>

#include <algorithm>
#include <new>
#include <tuple>

#include "base/hooks.hpp"
#include "engine/core.hpp"
#include "engine/pool.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

thread_local const engine_core* on_loop = nullptr;  // whose loop this thread is at the moment

class as_loop {
 public:
  explicit as_loop(const engine_core* e) noexcept : before_(on_loop) { on_loop = e; }
  as_loop(const as_loop&) = delete;
  as_loop& operator=(const as_loop&) = delete;
  ~as_loop() { on_loop = before_; }

 private:
  const engine_core* before_;
};

std::unique_ptr<store> there(std::unique_ptr<store> s) {
  if (!s) throw error(errc::usage, "engine", "an engine needs a store");
  return s;
}

constexpr std::int64_t manual_nap_ms = 10;  // a clock that is set by hand tells nobody
constexpr std::int64_t nap_ms_max =
    60'000;  // the wall clock is looked at this often, even if nothing happens

}  // namespace

std::exception_ptr no_room() {
  return std::make_exception_ptr(error(
      errc::full, "engine",
      "the store has no room: make room, and ask again; nothing that was acknowledged is lost"));
}

std::exception_ptr own_copy(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const store_error& x) { return std::make_exception_ptr(x); } catch (const error& x) {
    return std::make_exception_ptr(x);
  } catch (...) { return e; }
}

engine_core::engine_core(std::unique_ptr<store> s, engine_options o)
    : store_(there(std::move(s))),
      options_(o),
      clock_(o.clock ? *o.clock : system_clock()),
      entropy_(o.entropy ? *o.entropy : system_entropy()),
      listener_(o.listener ? *o.listener : own_listener_),
      manual_(o.threads == 0),
      executor_(o.executor),
      journal_(*store_, o.commits),
      state_(*store_) {
  if (o.tail_bytes_max < 4096)
    throw error(errc::usage, "engine", "tail_bytes_max is at least 4096 bytes");
}

engine_core::~engine_core() {
  try {
    close();
  } catch (const std::exception& e) {
    listener_.problem(std::string("closing the engine failed: ") + e.what());
  }
}

void engine_core::define(std::string_view name, std::unique_ptr<definition> d) {
  if (phase_ != phase::made)
    throw error(errc::usage, name, "define workflows before the engine is started");
  if (!definitions_.emplace(name, std::move(d)).second)
    throw error(errc::conflict, name,
                "the workflow '" + std::string(name) + "' is defined already");
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
  } catch (...) {  // half a recovery is none
    phase_ = phase::closed;
    lru_.clear();
    runs_.clear();
    store_->close();
    throw;
  }
  if (!executor_ && !manual_) {
    own_executor_ = std::make_unique<pool>(options_.threads);
    executor_ = own_executor_.get();
  }
  phase_ = phase::running;
  if (manual_) return;
  committer_.start([this] {
    if (asleep_) wake();
  });
  thread_ = std::thread([this] { loop(); });
}

void engine_core::tick() noexcept {
  auto wall = clock_.wall().time_since_epoch().count();
  auto steady = clock_.steady().count();
  auto by_steady = anchor_now_ + (steady - anchor_steady_);
  if (now_ == 0 || wall > by_steady) {  // at first; or the wall clock is ahead: it is believed
    anchor_now_ = wall;
    anchor_steady_ = steady;
    by_steady = wall;
  }
  now_ = std::max(now_, by_steady);  // set back, it isn't believed: time goes on from where it was
}

bool engine_core::turn() {
  tick();
  bool busy = finish_commit();
  if (busy) busy |= commit();
  busy |= open_gates();
  busy |= take_returned();
  busy |= take_beats();
  busy |= take_calls();
  busy |= fire_timers();
  busy |= drive_ready();
  busy |= sweep();
  if (STET_SEEDED(effect_before_durable)) busy |= open_gates();
  busy |= commit();
  return busy;
}

bool engine_core::take_calls() {
  std::vector<call*> calls;
  {
    std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (auto at = calls.begin(); at != calls.end(); ++at) {
    auto* c = *at;
    if (is_refused() && c->needs_room) {
      c->done(no_room());
      continue;
    }
    answer_lsn_ = UINT64_MAX;  // everything, unless the call knows better
    std::exception_ptr failed;
    try {
      if (c->perform(*this)) answer(*c, std::min(answer_lsn_, journal_.last_lsn()));
    } catch (const store_error&) {
      c->done(own_copy(std::current_exception()));
      std::lock_guard lock(mutex_);
      calls_.insert(calls_.begin(), at + 1, calls.end());  // whoever ends the engine tells them
      throw;
    } catch (...) { failed = std::current_exception(); }
    if (!failed) continue;
    c->fails(std::move(failed));
    answer(*c, journal_.last_lsn());
  }
  return !calls.empty();
}

void engine_core::loop() noexcept {
  as_loop here(this);
  for (;;) {
    try {
      {
        std::lock_guard lock(mutex_);
        if (closing_) return;
      }
      if (!turn()) sleep_until_woken(nap_ms_max);
    } catch (...) { return fail(std::current_exception()); }
  }
}

/// Nothing more is believed, acknowledged or begun: what is durable is read again by the next
/// engine on this store.
void engine_core::fail(const std::exception_ptr& e) noexcept {
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
    listener_.problem(std::string("the engine stopped: ") + x.what());
  } catch (...) { listener_.problem("the engine stopped"); }
}

void engine_core::fail_everybody(const std::exception_ptr& e) noexcept {
  std::vector<call*> calls;
  {
    std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (auto* c : calls) c->done(own_copy(e));
  for (auto& [lsn, c] : std::exchange(answers_, {})) c->done(own_copy(e));
  for (auto& [run, r] : runs_) {
    for (auto* w : std::exchange(r->waiters, {})) w->done(own_copy(e));
    for (auto* w : std::exchange(r->updaters, {})) w->done(own_copy(e));
  }
}

void engine_core::discard_attempts() noexcept {
  auto all = std::exchange(gate_, {});
  for (auto* a : std::exchange(inline_returned_, {})) all.push_back(a);
  for (auto* a = returned_.exchange(nullptr); a; a = a->next_returned) all.push_back(a);
  for (auto* a : all) {
    std::erase(a->run_of.attempts, a);
    delete a;
  }
}

void engine_core::sleep_until_woken(std::int64_t ms_max) {
  auto until = now_ + ms_max;
  if (auto due = timers_.next_due()) until = std::min(until, *due);
  if (timers_.loaded_until != INT64_MAX) until = std::min(until, timers_.loaded_until);
  if (is_refused()) until = std::min(until, retry_commit_at_);
  if (!manual_) until = std::min(until, std::max(next_sweep_, now_));
  auto end = std::chrono::steady_clock::now() + duration(std::max<std::int64_t>(until - now_, 1));
  if (may_grow() && journal_.has_something()) end = std::min(end, grow_until_);
  std::unique_lock lock(mutex_);
  asleep_ = true;
  bool nothing = calls_.empty() && beats_.empty() && !returned_.load() &&
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
    inline_returned_.push_back(&a);
    return;
  }
  auto* head = returned_.load(std::memory_order_relaxed);
  do a.next_returned = head;
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

bool engine_core::submit(call& c, std::optional<duration> limit) {
  throw_if_unusable();
  c.of_body = engine_of_body() == this;
  {
    std::lock_guard lock(mutex_);
    if (failed_) std::rethrow_exception(own_copy(failed_));
    if (closing_) throw error(errc::closed, "engine", "the engine is closed");
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

/// The time is up: takes the call back from the loop. True if it was answered meanwhile.
bool engine_core::give_up_waiting(call& c) {
  auto take_back = [&] { forget(static_cast<waiting_call&>(c)); };  // only those wait with a limit
  asking<decltype(take_back)> taking(take_back);
  taking.needs_room = false;
  try {
    submit(taking);
    taking.take();
  } catch (const error&) {
    c.wait();  // the engine ends, and tells everybody: until then it knows the call
  }
  return c.is_done();
}

bool engine_core::drive_until(call& c, std::optional<duration> limit) {
  auto end = limit ? steady_ms() + limit->count() : INT64_MAX;
  while (!c.is_done()) {
    if (poll()) continue;
    if (c.is_done()) break;
    if (steady_ms() >= end) return give_up_waiting(c);
    std::lock_guard lock(drive_mutex_);
    sleep_until_woken(std::clamp<std::int64_t>(end - steady_ms(), 1, manual_nap_ms));
  }
  return true;
}

bool engine_core::poll() {
  throw_if_unusable();
  if (!manual_)
    throw error(errc::usage, "poll",
                "this engine has threads of its own: poll() is for engine_options{.threads = 0}");
  std::lock_guard lock(drive_mutex_);
  as_loop here(this);
  try {
    return turn();
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
}
void engine_core::run_until_idle() {
  while (poll()) {}
}
std::optional<time_point> engine_core::next_wakeup() {
  throw_if_unusable();
  std::lock_guard lock(drive_mutex_);
  auto due = timers_.next_due();
  if (timers_.loaded_until != INT64_MAX)
    due = std::min(due.value_or(INT64_MAX), timers_.loaded_until);
  if (is_refused()) due = retry_commit_at_;  // nothing else happens before
  if (!due) return std::nullopt;
  return time_point(duration(*due));
}

/// In a forked child the threads are missing and the store is the parent's: nothing is touched,
/// their objects are leaked.
bool engine_core::abandon_in_fork() noexcept {
  if (phase_ == phase::made || process_ == ::getpid()) return false;
  if (thread_.joinable()) new (std::nothrow) std::thread(std::move(thread_));
  std::ignore = own_executor_.release();
  committer_.leak();
  phase_ = phase::closed;
  return true;
}

void engine_core::close() {
  if (abandon_in_fork()) return;
  if (on_loop == this || engine_of_body() == this)
    throw error(errc::usage, "close",
                "an engine can't be closed from its own threads: a body would wait for itself");
  {
    std::lock_guard lock(mutex_);
    if (closing_) return;
    closing_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  committer_.stop();
  std::lock_guard lock(drive_mutex_);
  as_loop here(this);
  auto before = phase_.exchange(phase::closed);
  std::exception_ptr why;
  if (before == phase::running) {
    try {
      finish();
    } catch (...) { why = std::current_exception(); }
  }
  fail_everybody(
      why ? why : std::make_exception_ptr(error(errc::closed, "engine", "the engine is closed")));
  discard_attempts();
  lru_.clear();
  runs_.clear();
  store_->close();
  if (why) std::rethrow_exception(why);
}

/// Bodies may be waiting for the engine, and the engine is about to wait for them: what they asked
/// is answered; those that wait for a run to end are told that the engine does.
void engine_core::let_bodies_go() {
  do {
    wait_for_commit();
    (void)take_calls();
    (void)commit();
    wait_for_commit();
  } while (!answers_.empty() && !is_refused());
  auto closed = std::make_exception_ptr(error(errc::closed, "engine", "the engine is closed"));
  auto tell = [&](auto& waiting) {
    std::erase_if(waiting, [&](auto* c) {
      if (!c->of_body) return false;
      c->done(own_copy(closed));
      return true;
    });
  };
  for (auto& [run, r] : runs_) {
    tell(r->waiters);
    tell(r->updaters);
  }
}

/// Lets bodies end, records what came of them, notes what never began, and checkpoints everything.
void engine_core::finish() {
  failpoint("close");
  for (auto& [run, r] : runs_)  // a thread that one body leaves takes no other
    for (auto* a : r->attempts)
      if (!a->revoke()) a->ask_to_stop();
  std::exception_ptr why;
  try {
    if (!failed_) let_bodies_go();
  } catch (...) {
    why = std::current_exception();
  }  // bodies still have to end before their runs do
  if (executor_) {
    for (auto* w = executor_->stop(); w;) {
      auto* a = static_cast<attempt*>(std::exchange(w, w->next));
      a->revoke();
      inline_returned_.push_back(a);
      --outstanding_;  // else the last commit waits for it, and the close is over before
    }
  }
  if (why) std::rethrow_exception(why);
  if (failed_) return;
  tick();
  wait_for_commit();
  if (is_refused()) {  // perhaps there is room by now: the last try
    retry_commit_at_ = now_;
    (void)commit();
  }
  while (take_calls() || take_returned() || take_beats() || drive_ready()) {}
  for (auto* a : std::exchange(gate_, {})) {
    a->revoke();
    inline_returned_.push_back(a);
  }
  take_returned();
  take_beats();
  for (auto& [run, r] : runs_) slice(*r);
  if (!journal_pinned_) journal_.mark_clean();
  wait_for_commit();
  while (commit()) {}
  if (is_refused())
    throw error(errc::full, "close",
                "the store has no room for the last commit; what was acknowledged is safe");
  slots_.close();
}

}  // namespace detail
}}  // namespace stet::v0
