// Options: their defaults, and how they are written in code.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <stet/listing.hpp>
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

namespace {

inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::attribute<std::vector<std::string>> Tags{"tags"};

/// A text that is too long for a string's own buffer: a view of it dangles when it is gone.
std::string long_text(char c) { return std::string(60, c); }

std::string memo_bytes(const stet::memo& m) {
  std::string out;
  m.encode_to(out);
  return out;
}

}  // namespace

TEST_CASE("options that are kept in a variable own what they were made of") {
  stet::start_options start;
  stet::child_options child;
  {
    start = {.attributes = {Customer(long_text('a')), Tags({long_text('b'), long_text('c')}),
                            stet::attribute_setting(long_text('d'), long_text('e'))},
             .memo = stet::memo(long_text('m'))};
    child = {.attributes = {Customer(long_text('a'))}, .memo = stet::memo(long_text('m'))};
  }
  const stet::signal_options signal{.idempotency_key = long_text('k')};
  const stet::update_options update{.id = long_text('i')};
  const stet::workflow_options workflow{.version = long_text('v')};
  const stet::list_options list{.cursor = long_text('c')};
  const auto other = std::vector<std::string>(20, long_text('x'));  // where the texts have been
  REQUIRE(start.attributes.end() - start.attributes.begin() == 3);
  auto* all = start.attributes.begin();
  CHECK(all[0].keyword() == long_text('a'));
  CHECK(all[1].keywords() == std::vector{long_text('b'), long_text('c')});
  CHECK(all[2].name() == long_text('d'));
  CHECK(all[2].keyword() == long_text('e'));
  std::string memo;
  stet::encode(memo, long_text('m'));
  CHECK(memo_bytes(start.memo) == memo);
  CHECK(child.attributes.begin()->keyword() == long_text('a'));
  CHECK(memo_bytes(child.memo) == memo);
  CHECK(signal.idempotency_key == long_text('k'));
  CHECK(update.id == long_text('i'));
  CHECK(workflow.version == long_text('v'));
  CHECK(list.cursor == long_text('c'));
  CHECK(stet::attribute_setting("customer", "ann").keyword() == "ann");  // and no bool
  const auto copy = start;
  CHECK(copy.attributes.begin()->keyword() == long_text('a'));
  CHECK(memo_bytes(copy.memo) == memo);
}
