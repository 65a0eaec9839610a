// Bodies of steps that wait for their own engine: for its runs (their threads are lent to others),
// or for the loop that waits for them.
#include <algorithm>
#include <string>

#include "engine/core.hpp"
#include "engine/pool.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A step's body waits for a run, for the time of a scope: its thread is lent to others meanwhile,
/// since the run may need one. So is its turn if it is tried as a suspect, since a step of that run
/// may be another. Throws errc::usage if too many wait already.
class lent_thread {
 public:
  explicit lent_thread(engine_core& e) : engine_(e), body_(*attempt_of_thread()) {
    auto waiting = engine_.bodies_waiting_.fetch_add(1) + 1;
    auto* pool = engine_.own_executor_.get();
    if (pool && !pool->lend()) {
      --engine_.bodies_waiting_;
      throw error(errc::usage, "engine",
                  std::to_string(waiting - 1) +
                      " bodies of steps wait for runs of this engine, and there are no more "
                      "threads: wait for a run in a workflow, with ctx.child, which needs none");
    }
    lend_turn();
    if (pool && waiting >= engine_.options_.threads && !engine_.told_of_waiting_.exchange(true))
      engine_.tell_of_waiting(waiting);
  }
  lent_thread(const lent_thread&) = delete;
  lent_thread& operator=(const lent_thread&) = delete;
  ~lent_thread() {
    body_.lends = false;
    if (body_.tried != trial::none) engine_.slots_.try_again(body_.slot, body_.tried);
    if (engine_.own_executor_) engine_.own_executor_->give_back();
    --engine_.bodies_waiting_;
  }

 private:
  /// A death meanwhile isn't on its account.
  void lend_turn() noexcept {
    engine_.slots_.acquit(body_.slot);
    body_.lends = true;
  }
  engine_core& engine_;
  attempt& body_;
};

void engine_core::tell_of_waiting(std::size_t bodies) {
  listener_.problem(
      std::to_string(bodies) +
      " bodies of steps, as many as there are threads for them, wait for runs of this engine: more "
      "threads are made, " +
      std::to_string(lent_threads_max) +
      " at most. A workflow that waits for a run with ctx.child needs none");
}

bool engine_core::submit(call& c, std::optional<duration> limit) {
  throw_if_unusable();
  c.of_body = engine_of_body() == this;
  if (!c.of_body || !c.waits_for_run) return ask_loop(c, limit);
  lent_thread here(*this);
  return ask_loop(c, limit);
}

/// The loop waits for a body, and perhaps the body for the loop: whoever waits for the loop is let
/// go, all but those who wait for a run anyway.
void engine_core::refuse_calls(const attempt& waited_for) noexcept {
  auto why = to_exception([&] {
    return error(errc::busy, "engine",
                 "the engine waits for the body of step " + shown(waited_for.body->name) +
                     ", whose run destroys what it refers to: ask again when the body has "
                     "returned; what was asked may be done all the same");
  });
  auto is_refused = [](const call& c) { return c.of_body || !c.waits_for_run; };
  {
    std::lock_guard lock(mutex_);
    std::erase_if(calls_, [&](call* c) {
      if (!is_refused(*c)) return false;
      c->done(own_copy(why));
      return true;
    });
  }
  const auto lsn = answer_lsn_;
  for (call* following = open_calls_; auto* c = following;) {
    following = c->next();
    if (c == performed_ || !is_refused(*c)) continue;
    std::replace(taken_.begin(), taken_.end(), c, static_cast<call*>(nullptr));
    std::erase_if(answers_, [&](auto& a) { return a.second == c; });
    if (c->waits_for_run) forget(static_cast<waiting_call&>(*c));
    c->done(own_copy(why));
  }
  answer_lsn_ = lsn;
}

/// Every body that has begun waits for a run of this engine, and others wait for a thread. Our own
/// pool sees to that; of another executor nobody knows how many threads it has.
bool engine_core::do_bodies_starve() const noexcept {
  auto waiting = bodies_waiting_.load();
  if (waiting == 0 || own_executor_) return false;
  auto running = bodies_running_.load();
  return waiting >= running && outstanding_ > running;
}

/// Tells the listener when that has lasted for a moment.
void engine_core::watch_bodies() {
  if (!do_bodies_starve()) {
    starved_since_ = -1;
    return;
  }
  auto now = steady_ms();
  if (starved_since_ < 0) starved_since_ = now;
  if (now - starved_since_ < starved_ms || told_of_waiting_.exchange(true)) return;
  listener_.problem("all bodies of steps that have begun, " +
                    std::to_string(bodies_waiting_.load()) +
                    ", wait for runs of this engine, and " +
                    std::to_string(outstanding_ - bodies_running_.load()) +
                    " more wait for a thread of the executor: if it has no more threads, none of "
                    "them ever ends. A workflow that waits for a run with ctx.child needs none");
}

}  // namespace detail
}}  // namespace stet::v0
