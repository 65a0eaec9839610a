// Mocks: replacements for a step's body.
#include <utility>

#include "testing/impl.hpp"

namespace stet { inline namespace v0 { namespace testing {

step_mock& step_mock::returns() {
  return runs([](const step_attempt&) {});
}
step_mock& step_mock::answers(std::function<std::string(const step_attempt&)> f) {
  answer_ = std::move(f);
  return *this;
}
step_mock& step_mock::fails(unsigned times, const std::string& text) {
  return fails_with(times, std::make_exception_ptr(std::runtime_error(text)));
}
step_mock& step_mock::fails_with(unsigned times, std::exception_ptr e) {
  failures_ = times;
  failure_ = std::move(e);
  return *this;
}
step_mock& step_mock::takes(duration d) {
  takes_ = d;
  return *this;
}

bool step_mock::is_for(const step_attempt& a) const noexcept {
  return a.step == step_ && (workflow_.empty() || a.workflow == workflow_) &&
         (id_.empty() || a.workflow_id == id_);
}

std::string step_mock::run(const step_attempt& a, step_body& body) {
  ++calls_;
  if (failures_ > 0) {
    --failures_;
    std::rethrow_exception(failure_);
  }
  return answer_ ? answer_(a) : body.run();
}

step_mock* environment::impl::mock_for(const step_attempt& a) noexcept {
  for (auto m = mocks.rbegin(); m != mocks.rend(); ++m)
    if (m->is_for(a)) return &*m;
  return nullptr;
}

bool environment::impl::is_to_fail() noexcept {
  if (injected.every != 0 && ++attempts % injected.every == 0) return true;
  if (injected.chance <= 0) return false;
  return static_cast<double>(chance_of_faults.bits() >> 11) / 9007199254740992.0 < injected.chance;
}

std::string environment::impl::run_step(const step_attempt& a, step_body& body) {
  auto* m = mock_for(a);
  if (m && !is_running) clock_of_test.advance(m->takes_);  // inline: all runs wait for it
  bool fails = is_to_fail();
  auto failure = [&] {
    return std::runtime_error("a failure of step '" + std::string(a.step) +
                              "' injected by the test (fail_steps)");
  };
  if (fails && !injected.after_body) throw failure();
  may_be_pending |= a.completes_later;
  auto result = m ? m->run(a, body) : body.run();
  if (fails) throw failure();
  return result;
}

}}}  // namespace stet::v0::testing
