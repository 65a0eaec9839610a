#include <deque>

#include "run_state/run_state.hpp"
#include "tests/support/bytes.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

pending random_pending(random_source& random, command_number command) {
  pending p;
  p.command = command;
  p.kind = static_cast<wait_kind>(random.below(3));
  p.at = static_cast<pending::phase>(random.below(4));
  p.flags = static_cast<std::uint8_t>(random());
  p.attempt = static_cast<std::uint32_t>(random.number());
  p.failures = static_cast<std::uint32_t>(random.number());
  p.crashes = static_cast<std::uint32_t>(random.number());
  p.armed = engine_time(random.signed_number());
  p.due = engine_time(random.signed_number());
  p.due_since = engine_time(random.signed_number());
  p.lsn = record_lsn(random.number());
  p.child = run_number(random.number());
  p.name = random.text(20);
  p.target = random.text(20);
  if (random.coin())
    p.more = std::make_unique<pending::details>(pending::details{random.text(20), random.text(20)});
  return p;
}

run_state random_state(random_source& random) {
  run_state s;
  s.run = run_number(random.number());
  s.id = random.text(200);
  s.workflow = random.text(20);
  s.seed[0] = random();
  s.seed[1] = random();
  s.started = engine_time(random.signed_number());
  s.now = engine_time(random.signed_number());
  s.clock_time = engine_time(random.signed_number());
  s.parent = run_number(random.number());
  s.parent_command = command_number(static_cast<std::uint32_t>(random.number()));
  s.first = run_number(random.number());
  s.previous = run_number(random.number());
  s.next = run_number(random.number());
  s.begins_at = engine_time(random.signed_number());
  s.run_timeout = random.signed_number();
  s.deadline = engine_time(random.signed_number());
  s.execution_deadline = engine_time(random.signed_number());
  s.unread = static_cast<std::uint32_t>(random.number());
  s.open_updates = static_cast<std::uint32_t>(random.number());
  s.status = static_cast<stet::status>(random.below(5));
  s.stalled = random.coin();
  s.cancel_requested = random.coin();
  s.records = random.number();
  s.undriven = static_cast<std::uint32_t>(random.number());
  s.crashes = static_cast<std::uint32_t>(random.number());
  s.applied_lsn = record_lsn(random.number());
  s.indexed_wake = engine_time(random.signed_number());
  for (std::uint32_t n = static_cast<std::uint32_t>(random.below(5)), c = 1; n > 0;
       --n, c += 1 + static_cast<std::uint32_t>(random.below(9)))
    s.waits_for.add(command_number(c), random_pending(random, command_number(c)));
  s.outcome = random.text(100);
  if (random.coin()) {
    s.error = std::make_unique<stet::failure>(
        stet::failure{random.text(20), random.text(20), random.text(20), 3});
    s.code = static_cast<stet::errc>(random.below(20));
  }
  return s;
}

std::string bytes_of(const run_state& s) {
  std::string out;
  encode(out, s);
  return out;
}

}  // namespace

TEST_CASE("a snapshot comes back as it was") {
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 500; ++i) {
    auto s = random_state(random);
    auto bytes = bytes_of(s);
    auto again = decode_run_state(bytes);
    CHECK(bytes_of(again) == bytes);
    CHECK(again.id == s.id);
    CHECK(again.waits_for.size() == s.waits_for.size());
    CHECK((again.error != nullptr) == (s.error != nullptr));
    CHECK(wake_of(again) == wake_of(s));
  }
}

TEST_CASE("a snapshot stands behind other bytes without minding them") {
  random_source random;
  auto s = random_state(random);
  std::string out = "before";
  encode(out, s);
  CHECK(out.substr(6) == bytes_of(s));
}

TEST_CASE("a snapshot that is cut short anywhere is refused") {
  STET_SAYS_SEED();
  random_source random;
  auto bytes = bytes_of(random_state(random));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_THROWS_AS(decode_run_state(bytes.substr(0, n)), malformed);
}

TEST_CASE("a damaged snapshot is refused") {
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 3000; ++i) {
    auto bytes = bytes_of(random_state(random));
    auto bad = random.damaged(bytes);
    if (bad != bytes) CHECK_THROWS_AS(decode_run_state(bad), malformed);
  }
}
