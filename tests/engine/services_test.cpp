// The services that all parts of an engine use.
#include "engine/services/services.hpp"

#include <doctest/doctest.h>

#include <stet/memory.hpp>
#include <stet/test_doubles.hpp>

#include "journal/journal.hpp"

using namespace stet::detail;

namespace {

void make(stet::engine_options o) { services s(stet::memory::open(), std::move(o)); }

}  // namespace

TEST_CASE("services need a store, and options that make sense") {
  CHECK_THROWS_WITH_AS(services(nullptr, {}), doctest::Contains("needs a store"), stet::error);
  CHECK_THROWS_WITH_AS(make({.threads = 4097}), doctest::Contains("4097"), stet::error);
  CHECK_THROWS_WITH_AS(make({.tail_bytes_max = 1}), doctest::Contains("tail_bytes_max"),
                       stet::error);
  CHECK_THROWS_WITH_AS(make({.retention = stet::duration(-1)}), doctest::Contains("retention"),
                       stet::error);
  CHECK_THROWS_WITH_AS(make({.watchdog = stet::duration(-1)}), doctest::Contains("watchdog"),
                       stet::error);
  make({.threads = 4096, .tail_bytes_max = 4096});
}

TEST_CASE("a tail that is longer than the store can take counts as what it can take") {
  auto store = stet::memory::open();
  auto longest = event_bytes_max_of(*store) / 2;
  services s(std::move(store), {.tail_bytes_max = SIZE_MAX});
  CHECK(s.options.tail_bytes_max == longest);
}

TEST_CASE("who is given is asked, and a problem reaches the listener") {
  stet::testing::virtual_clock clock;
  stet::testing::recorder heard;
  services s(stet::memory::open(), {.threads = 0, .clock = &clock, .listener = &heard});
  CHECK(&s.clock == &clock);
  CHECK(s.is_manual());
  s.reporter.report_failure(stet::event_kind::engine_stopped, "it failed: ", "because");
  CHECK(heard.heard("it failed: because"));
  services own(stet::memory::open(), {});
  CHECK(&own.clock == &stet::system_clock());
  CHECK(!own.is_manual());
}
