// The parts of an environment.
//
// Invariants:
//  - time moves only when nothing can be done at the present time;
//  - a body that was submitted is run, or returned by stop(), exactly once;
//  - bodies and callbacks run outside of the engine's loop, and may call the engine.
#pragma once
#include <list>
#include <map>
#include <memory>
#include <optional>

#include <stet/memory.hpp>
#include <stet/testing.hpp>

namespace stet { inline namespace v0 { namespace testing {

class environment::impl final : public executor, public interceptor {
 public:
  impl(definitions d, environment_options o);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() override;

  void open();
  void die() noexcept;
  bool skip_to(std::optional<time_point> due);
  void run_until_idle();
  void let_pass(time_point until);
  void at(duration from_now, std::function<void()> f) {
    callbacks.emplace(clock_of_test.wall() + from_now, std::move(f));
  }

  // executor
  void submit(work* first) noexcept override;
  work* stop() noexcept override;
  // interceptor
  std::string run_step(const step_attempt& a, step_body& body) override;

  /// The engine's clock, which skips.
  class skipping final : public virtual_clock {
   public:
    skipping(impl& i, time_point start) : virtual_clock(start), impl_(i) {}
    bool skip_to(std::optional<time_point> due) override { return impl_.skip_to(due); }

   private:
    impl& impl_;
  };

  definitions define;
  environment_options options;
  skipping clock_of_test;
  seeded_entropy chance, chance_of_faults;
  recorder heard;
  std::shared_ptr<faults> plan = std::make_shared<faults>();
  std::list<step_mock> mocks;
  step_faults injected;
  unsigned attempts = 0;        // the attempts that fail_steps has counted
  bool is_running = false;      // whether a submitted body runs
  bool may_be_pending = false;  // whether a non-blocking step may wait for another thread
  std::multimap<time_point, work*> bodies;  // by the time at which each is run
  std::multimap<time_point, std::function<void()>> callbacks;
  std::function<void()> cut_short;  // the callback that threw, if one did
  std::unique_ptr<stet::engine> engine_now;

 private:
  step_mock* mock_for(const step_attempt& a) noexcept;
  bool is_to_fail() noexcept;
  bool run_a_body();
  bool is_pending();
  std::optional<time_point> next_due(std::optional<time_point> due) const;
  void move_to(time_point t);
  std::string what_is_waited_for();
  std::shared_ptr<memory::contents> contents_ = memory::make_contents();
};

}}}  // namespace stet::v0::testing
