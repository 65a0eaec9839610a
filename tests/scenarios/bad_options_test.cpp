// Options that make no sense: each error names the option, its value and what to write instead, and
// nothing is begun.
#include <limits>

#include "tests/support/world.hpp"

using namespace stet_tests;
using stet::errc;

namespace {

inline constexpr stet::workflow<int()> Work{"work"};

struct expected {
  std::string thing, value, instead;
};
void check(const caught& c, const expected& e) {
  CAPTURE(c.text);
  CHECK(c.thrown);
  CHECK(c.code == errc::usage);
  CHECK(c.says(e.thing));
  CHECK(c.says(e.value));
  CHECK(c.says(e.instead));
}

}  // namespace

TEST_CASE("an engine's options that make no sense are named, with the value and what to do") {
  auto refused = [](stet::engine_options o) {
    return what_throws([&] { stet::engine e(stet::memory::open(), std::move(o)); });
  };
  check(refused({.threads = 5000}), {"threads", "5000", "completion"});
  check(refused({.tail_bytes_max = 10}), {"tail_bytes_max", "10", "at least 4096"});
  check(refused({.retention = -5ms}), {"retention", "-5 ms", "0 keeps"});
  check(refused({.watchdog = -1s}), {"watchdog", "-1000 ms", "0 turns it off"});
  check(refused({.payload_bytes_max = 0}), {"payload_bytes_max", "0", "the longest payload"});
  check(refused({.payload_bytes_max = 100u << 20}),
        {"payload_bytes_max", std::to_string(100u << 20), "at most"});
}

TEST_CASE("so are those of an engine's calls") {
  world w;
  auto made = w.make();
  check(what_throws([&] { made->retain("", 1h); }), {"namespace", "''", "1 to 64 bytes"});
  check(what_throws([&] { made->retain(std::string(65, 'n'), 1h); }),
        {"namespace", "65", "1 to 64 bytes"});
  check(what_throws([&] { made->retain("a", -1h); }), {"retention", "-3600000 ms", "0 keeps"});
  check(what_throws([&] { (void)made->in(std::string("a\0b", 3)); }),
        {"namespace", "a\\x00b", "without a zero"});
  check(what_throws([&] {
          made->define(Work, {.version = std::string(65, 'v')},
                       [](stet::context&) -> stet::task<int> { co_return 1; });
        }),
        {"version", "65", "a hash"});
  made->define(Work, [](stet::context&) -> stet::task<int> { co_return 1; });
  made->start();
  check(what_throws([&] { made->run_until_idle(-2ms); }),
        {"time to work", "-2 ms", "leave it out"});
  check(what_throws([&] { made->close(-3ms); }), {"time to wait", "-3 ms", "close()"});
}

TEST_CASE("so are those of a start, and nothing is started") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Work, [](stet::context&) -> stet::task<int> { co_return 1; });
    });
    auto& e = w.engine();
    auto refused = [&](stet::start_options o) {
      return what_throws([&] { e.start(Work, "w", o); });
    };
    check(refused({.delay = -1ms}), {"the delay of the start of 'w'", "-1 ms", "0 means none"});
    check(refused({.run_timeout = -1s}), {"run_timeout", "-1000 ms", "0 means none"});
    check(refused({.execution_timeout = -1min}), {"execution_timeout", "-60000 ms", "'w'"});
    check(what_throws([&] { e.start(Work, ""); }), {"id", "empty", "'order-7'"});
    check(what_throws([&] { e.start(Work, std::string(201, 'i')); }), {"id", "201", "a hash"});
    CHECK(e.admin().count() == 0);
    CHECK(w.run(Work, "w") == 1);
  });
}

TEST_CASE("so are those of a step, and its body isn't called") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::pair<stet::step_options, expected> cases[] = {
      {{.timeout = -1ms}, {"timeout", "-1 ms", "0 means no limit"}},
      {{.total_timeout = -2ms}, {"total_timeout", "-2 ms", "0 means no limit"}},
      {{.heartbeat_timeout = -3ms}, {"heartbeat_timeout", "-3 ms", "0 means no limit"}},
      {{.retry = {.initial_interval = -4ms}}, {"initial_interval", "-4 ms", "no pause"}},
      {{.retry = {.max_interval = -5ms}}, {"max_interval", "-5 ms", "leave it out"}},
      {{.retry = {.max_elapsed = -6ms}}, {"max_elapsed", "-6 ms", "no limit"}},
      {{.retry = {.backoff = 0.5}}, {"backoff", "0.5", "at least 1"}},
      {{.retry = {.backoff = nan}}, {"backoff", "nan", "at least 1"}},
      {{.retry = {.jitter = 1.5}}, {"jitter", "1.5", "0 to 1"}},
  };
  for (auto& [options, says] : cases) {
    world w;
    int called = 0;
    caught seen;
    w.open([&, o = options](stet::engine& e) {
      e.define(Work, [&, o](stet::context& ctx) -> stet::task<int> {
        seen = what_throws([&] { (void)ctx.step("s", o, [&] { return ++called; }); });
        co_return 1;
      });
    });
    CHECK(w.run(Work, "w") == 1);
    check(seen, says);
    CHECK(seen.says("step 's'"));
    CHECK(called == 0);
  }
}
