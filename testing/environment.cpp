// The environment of a test: an engine, and a clock that skips time.
#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>

#include "testing/impl.hpp"

namespace stet { inline namespace v0 { namespace testing {
namespace {

/// Returns the options, if they leave to the environment what it sets itself; else throws.
environment_options checked(environment_options o) {
  auto& e = o.engine;
  if (e.threads != 0 || e.clock || e.entropy || e.executor || e.interceptor)
    throw error(errc::usage, "environment",
                "the environment is the clock, entropy, executor and interceptor of its engine, "
                "which has no threads: leave them as they are");
  return o;
}

}  // namespace

environment::impl::impl(definitions d, environment_options o)
    : define(std::move(d)),
      options(checked(std::move(o))),
      clock_of_test(*this, options.start),
      chance(options.seed),
      chance_of_faults(options.seed) {
  auto& e = options.engine;
  e.clock = &clock_of_test;
  e.entropy = &chance;
  e.executor = this;
  e.interceptor = this;
  if (!e.listener) e.listener = &heard;
}

environment::impl::~impl() { engine_now.reset(); }

void environment::impl::open() {
  engine_now.reset();
  auto store = options.open_store ? options.open_store() : memory::open(contents_);
  auto e = std::make_unique<stet::engine>(std::make_unique<fault_store>(std::move(store), plan),
                                          options.engine);
  if (define) define(*e);
  e->start();
  engine_now = std::move(e);
}

/// Lets the process die: from now on nothing reaches the store.
void environment::impl::die() noexcept {
  if (!engine_now) return;
  plan->fail_next(store_call::commit, fault::unknown_lost, faults::for_ever);
  engine_now.reset();
  plan->heal();
}

void environment::impl::submit(work* first) noexcept {
  while (first) {
    auto* w = std::exchange(first, first->next);
    w->next = nullptr;
    w->count_time();
    auto* m = mock_for(w->about());
    bodies.emplace(clock_of_test.wall() + (m ? m->takes_ : duration(0)), w);
  }
}

work* environment::impl::stop() noexcept {
  work* first = nullptr;
  for (auto at = bodies.rbegin(); at != bodies.rend(); ++at) {
    at->second->next = first;
    first = at->second;
  }
  bodies.clear();
  return first;
}

/// Runs the body whose time is over first. Returns false if no body's time is over.
bool environment::impl::run_a_body() {
  if (bodies.empty() || bodies.begin()->first > clock_of_test.wall()) return false;
  auto* w = bodies.begin()->second;
  bodies.erase(bodies.begin());
  auto around = std::exchange(is_running, true);
  w->run();
  is_running = around;
  return true;
}

/// Returns whether a step is under way that another thread completes: until then no time passes.
bool environment::impl::is_pending() {
  if (!may_be_pending) return false;
  std::size_t under_way = 0;
  for (auto& id : engine_now->admin().open_runs({}, std::numeric_limits<std::size_t>::max())) {
    auto info = engine_now->admin().describe(id);
    if (!info || info->status == status::stalled) continue;
    for (auto& p : info->waits_for)
      if (p.kind == stet::wait_kind::step && p.due == time_point()) ++under_way;
  }
  may_be_pending = under_way > bodies.size();
  return may_be_pending;
}

std::optional<time_point> environment::impl::next_due(std::optional<time_point> due) const {
  if (!bodies.empty()) due = std::min(due.value_or(time_point::max()), bodies.begin()->first);
  if (!callbacks.empty()) due = std::min(due.value_or(time_point::max()), callbacks.begin()->first);
  return due;
}

void environment::impl::move_to(time_point t) {
  auto now = clock_of_test.wall();
  if (t > now) clock_of_test.advance(t - now);
  while (!callbacks.empty() && callbacks.begin()->first <= clock_of_test.wall()) {
    cut_short = std::move(callbacks.begin()->second);
    callbacks.erase(callbacks.begin());
    auto f = cut_short;
    f();
    cut_short = nullptr;
  }
}

bool environment::impl::skip_to(std::optional<time_point> due) {
  if (run_a_body()) return true;
  if (is_pending()) return false;
  auto next = next_due(due);
  if (!next)
    throw error(errc::usage, "environment",
                "nothing is due any more, and the call waits for ever: " + what_is_waited_for());
  move_to(*next);
  return true;
}

std::string environment::impl::what_is_waited_for() {
  std::string text;
  for (auto& id : engine_now->admin().open_runs({}, 10)) {
    auto info = engine_now->admin().describe(id);
    if (!info) continue;
    text += (text.empty() ? "the run '" : "; the run '") + id + "' ";
    if (info->status == status::stalled) text += "is stalled: " + info->reason;
    else text += "waits for";
    for (auto& p : info->waits_for)
      text += " " + std::string(to_text(p.kind)) + " '" + p.name + "'";
  }
  return text.empty() ? "no run is open" : text;
}

void environment::impl::run_until_idle() {
  do engine_now->run_until_idle();
  while (run_a_body());
}

void environment::impl::let_pass(time_point until) {
  for (;;) {
    run_until_idle();
    if (is_pending()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    auto next = next_due(engine_now->next_wakeup());
    if (!next || *next > until) return;
    move_to(*next);
  }
}

environment::environment(definitions define, environment_options o)
    : impl_(std::make_unique<impl>(std::move(define), std::move(o))) {
  impl_->open();
}
environment::environment(std::unique_ptr<impl> i) : impl_(std::move(i)) {}
environment::~environment() = default;

stet::engine& environment::engine() noexcept { return *impl_->engine_now; }
virtual_clock& environment::clock() noexcept { return impl_->clock_of_test; }
time_point environment::now() noexcept { return impl_->clock_of_test.wall(); }
faults& environment::store_faults() noexcept { return *impl_->plan; }

const recorder& environment::heard() const {
  if (impl_->options.engine.listener != &impl_->heard)
    throw error(errc::usage, "heard", "the environment was given a listener of the caller's");
  return impl_->heard;
}

void environment::at(duration from_now, std::function<void()> f) {
  impl_->at(from_now, std::move(f));
}
void environment::run_until_idle() { impl_->run_until_idle(); }
void environment::advance(duration d) {
  auto until = now() + d;
  impl_->let_pass(until);
  auto left = until - now();
  if (left.count() > 0) impl_->clock_of_test.advance(left);
  impl_->run_until_idle();
}
void environment::finish(duration at_most) { impl_->let_pass(now() + at_most); }

step_mock& environment::mock(std::string_view step, mock_options only) {
  auto& m = impl_->mocks.emplace_back();
  m.step_ = step;
  m.workflow_ = only.workflow;
  m.id_ = only.id;
  return m;
}
void environment::fail_steps(step_faults f) {
  if (f.every == 1 || !(f.chance >= 0 && f.chance < 1))
    throw error(
        errc::usage, "fail_steps",
        "if every attempt fails no step ends: `every` is 0 or at least 2, `chance` at least "
        "0 and less than 1");
  impl_->injected = f;
}

void environment::restart() {
  engine().close();
  impl_->open();
}
void environment::crash() {
  impl_->die();
  impl_->open();
}

}}}  // namespace stet::v0::testing
