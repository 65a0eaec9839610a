// Options: their defaults, and how they are written in code.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include <stet/options.hpp>

using namespace std::chrono_literals;

namespace {
struct place {
  std::string text;
  unsigned line;
};
place step(stet::step_name name, stet::step_options = {}) {
  return {std::string(name.text), name.where.line};
}
bool only_timeouts(const std::exception& e) { return std::string(e.what()) == "timeout"; }
}  // namespace

TEST_CASE("the retry policy is Temporal's unless it says otherwise") {
  constexpr stet::retry_policy policy;
  static_assert(policy.max_attempts == 0);
  static_assert(policy.initial_interval == 1s);
  static_assert(policy.backoff == 2.0);
  static_assert(policy.max_interval == 100s);
  static_assert(policy.max_elapsed == 0s);
  static_assert(policy.retryable == nullptr);
  CHECK(policy.jitter == 0.1);
}

TEST_CASE("the longest pause is a hundred times the first, unless it is given") {
  CHECK(stet::retry_policy{.initial_interval = 10ms}.max_interval == 1s);
  CHECK(stet::retry_policy{.initial_interval = 10ms, .max_interval = 5s}.max_interval == 5s);
  CHECK(stet::retry_policy{.initial_interval = stet::duration::max()}.max_interval ==
        stet::duration::max());
  constexpr stet::step_options nested{.retry = {.initial_interval = 1min}};
  static_assert(nested.retry.max_interval == 100min);
}

TEST_CASE("options are written with the names of their members") {
  const stet::step_options o{.retry = {.max_attempts = 5, .retryable = only_timeouts},
                             .timeout = 30s,
                             .total_timeout = 1h,
                             .at_most_once = true,
                             .run_inline = true};
  CHECK(o.retry.max_attempts == 5);
  CHECK(o.timeout == 30'000ms);
  CHECK(o.total_timeout == 1h);
  CHECK(o.at_most_once);
  CHECK(o.run_inline);
  CHECK(o.retry.retryable(std::runtime_error("timeout")));
}

TEST_CASE("nothing is limited and nothing is special by default") {
  constexpr stet::step_options step;
  static_assert(step.timeout == 0s && step.total_timeout == 0s && !step.at_most_once &&
                !step.run_inline);
  static_assert(stet::map_options().concurrency == 0);
  static_assert(stet::detail::options<stet::map_options> && !stet::detail::options<int>);
}

TEST_CASE("a step's name is made from any string, and knows where it stands") {
  const std::string text = "from a string";
  CHECK(step("literal").text == "literal");
  CHECK(step(text).text == "from a string");
  CHECK(step(std::string_view("view"), {.timeout = 1s}).text == "view");
  const auto here = static_cast<unsigned>(__LINE__) + 1;
  CHECK(step("x").line == here);
  CHECK(std::string_view(stet::step_name("x").where.file).ends_with("options_test.cpp"));
}
