#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "journal/clock_history.hpp"

using namespace stet::detail;

TEST_CASE("a clock that is set back and set right again leaves what was pending as it was") {
  clock_history h;
  h.set_back(1000, {record_lsn(10), run_number(3)});
  CHECK(h.is_wrong());
  CHECK(h.shift_at(record_lsn(9)) == -1000);
  CHECK(h.shift_at(record_lsn(10)) == 0);
  CHECK(h.shift_of_run(run_number(2)) == -1000);
  CHECK(h.shift_of_run(run_number(3)) == 0);
  h.set_forward(1500, {record_lsn(20), run_number(5)}, {record_lsn(10), run_number(3)}, false);
  CHECK(!h.is_wrong());
  CHECK(h.shift_at(record_lsn(9)) == 0);  // the rest is time in which no engine ran
  CHECK(h.shift_at(record_lsn(19)) == 1500);
  CHECK(h.shift_at(record_lsn(20)) == 0);
  CHECK(!h.shifts_back());
}

TEST_CASE("a clock that is set right in two steps, with a start between") {
  clock_history h;
  h.set_back(1000, {record_lsn(10), run_number(1)});
  h.set_forward(400, {record_lsn(20), run_number(1)}, {record_lsn(10), run_number(1)}, false);
  CHECK(h.is_wrong());
  CHECK(h.shift_at(record_lsn(9)) == -600);
  CHECK(h.shift_at(record_lsn(19)) == 400);
  CHECK(h.shift_at(record_lsn(20)) == 0);
  h.set_forward(600, {record_lsn(30), run_number(1)}, {record_lsn(30), run_number(1)}, false);
  CHECK(!h.is_wrong());
  CHECK(h.shift_at(record_lsn(9)) == 0);
  CHECK(h.shift_at(record_lsn(19)) == 1000);
  CHECK(h.shift_at(record_lsn(20)) == 600);
  CHECK(h.shift_at(record_lsn(30)) == 0);
}

TEST_CASE("a clock that is set while nobody knew that it was wrong changes this life only") {
  clock_history h;
  h.set_forward(50, {record_lsn(30), run_number(9)}, {record_lsn(20), run_number(7)}, false);
  CHECK(h.shift_at(record_lsn(19)) == 0);
  CHECK(h.shift_at(record_lsn(20)) == 50);
  CHECK(h.shift_of_run(run_number(6)) == 0);
  CHECK(h.shift_of_run(run_number(7)) == 50);
  CHECK(h.shift_of_run(run_number(9)) == 0);
}

TEST_CASE("numbers that are handed out again belong to the latest part") {
  clock_history h(true);
  h.set_forward(50, {record_lsn(30), run_number(9)}, {record_lsn(1), run_number(1)}, false);
  h.limit_to({record_lsn(25), run_number(5)});
  CHECK(h.shift_at(record_lsn(24)) == 50);
  CHECK(h.shift_at(record_lsn(25)) == 0);
  CHECK(h.shift_of_run(run_number(4)) == 50);
  CHECK(h.shift_of_run(run_number(5)) == 0);
}

TEST_CASE("there is a bound to what is remembered, and the oldest waits longer, not shorter") {
  clock_history h;
  for (std::uint64_t n = 1; n <= 3000; ++n)
    h.set_forward(10, {record_lsn(n * 10), run_number(n)}, {record_lsn(n * 10 - 5), run_number(n)},
                  false);
  CHECK(encode(h).size() < 32'000);
  CHECK(h.shift_at(record_lsn(6)) == 10);
  CHECK(h.shift_at(record_lsn(29'996)) == 10);
  CHECK(h.shift_at(record_lsn(29'991)) == 0);
}

TEST_CASE("the history of a clock comes back from its bytes; damaged it is refused") {
  clock_history h(true);
  h.time = engine_time(1'700'000'000'000);
  h.lsn = record_lsn(77);
  h.set_back(INT64_MAX, {record_lsn(2), run_number(2)});
  h.set_back(5, {record_lsn(4), run_number(4)});
  h.set_forward(INT64_MAX, {record_lsn(9), run_number(9)}, {record_lsn(4), run_number(4)}, true);
  auto bytes = encode(h);
  auto again = decode_clock_history(bytes);
  CHECK(encode(again) == bytes);
  CHECK(again.time == h.time);
  CHECK(again.lsn == h.lsn);
  CHECK(again.set_back_by() == h.set_back_by());
  for (std::uint64_t n : {0, 1, 2, 3, 4, 8, 9, 99})
    CHECK(again.shift_at(record_lsn(n)) == h.shift_at(record_lsn(n)));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    CHECK_THROWS_AS(decode_clock_history(bytes.substr(0, n)), malformed);
    auto flipped = bytes;
    flipped[n] ^= 4;
    CHECK_THROWS_AS(decode_clock_history(flipped), malformed);
  }
  CHECK_THROWS_AS(decode_clock_history(bytes + '\0'), malformed);
}

TEST_CASE("a clock that was seen to be set back isn't wrong, and may be set forward by as much") {
  clock_history h;
  h.set_back(10, {record_lsn(10), run_number(1)}, false);
  CHECK(!h.is_wrong());
  CHECK(h.shift_at(record_lsn(9)) == -10);
  CHECK(h.set_back_by() == 10);
  h.set_forward(3, {record_lsn(20), run_number(1)}, {record_lsn(15), run_number(1)}, false);
  CHECK(!h.is_wrong());
  CHECK(h.shift_at(record_lsn(9)) == -7);
  CHECK(h.shift_at(record_lsn(14)) == 3);
  CHECK(h.set_back_by() == 7);
}

TEST_CASE("how far the wall clock is behind is written if it is, and nothing changes if it isn't") {
  clock_history h;
  const auto without = encode(h);
  CHECK(decode_clock_history(without).behind == 0);
  h.behind = 12'345;
  const auto with = encode(h);
  CHECK(with.size() > without.size());
  CHECK(decode_clock_history(with).behind == 12'345);
  CHECK(encode(decode_clock_history(with)) == with);
}
