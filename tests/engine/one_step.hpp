// One step and an attempt of it. No run is driven.
#pragma once
#include <thread>

#include "parts.hpp"

namespace stet_tests {

class one_step {
 public:
  template <class F>
  explicit one_step(F f, const stet::step_options& o = {})
      : one_step(std::unique_ptr<request, dropper>(new body<F>("s", o, std::move(f)))) {}
  /// A body that takes a completion<R>.
  template <class R, class F> static one_step later(F f) {
    return one_step(std::unique_ptr<request, dropper>(new later_body<R, F>("s", {}, std::move(f))));
  }
  one_step(const one_step&) = delete;
  one_step& operator=(const one_step&) = delete;
  ~one_step() {  // the attempt belongs to this test
    while (p->bodies.inline_returned.pop()) {}
    (void)p->bodies.take_from_threads();
  }

  /// Runs the attempt on another thread, as a pool does.
  void run_elsewhere() {
    std::thread([&] { a.run(); }).join();
  }

 private:
  struct dropper {
    void operator()(request* q) const noexcept { q->drop(); }
  };
  explicit one_step(std::unique_ptr<request, dropper> q)
      : step_(std::move(q)), a(p->bodies, run, run.state, *step_) {
    run.state.run = a.order.run = run_number(1);
    run.state.id = "a";
    run.state.seed[0] = 17;
    step_->id = 2;
    a.order.command = command_number(2);
    if (step_->completes) a.later = new completion_state(a);
  }
  std::unique_ptr<request, dropper> step_;

 public:
  parts p;
  resident run;
  attempt a;
};

}  // namespace stet_tests
