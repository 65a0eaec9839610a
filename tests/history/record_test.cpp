#include "history/record.hpp"

#include <cstdint>
#include <limits>
#include <set>

#include "tests/support/sample_records.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

std::string bytes_of(const record& r) {
  std::string out;
  encode(out, r);
  return out;
}
/// The record's bytes without their length, which may be wider than it need be.
std::string body_of(const record& r) {
  auto bytes = bytes_of(r);
  return std::string(source(bytes).text());
}
record decoded(std::string_view bytes) {
  source in(bytes);
  auto r = decode_record(in);
  if (!in.done()) throw malformed("more than one record");
  return r;
}

}  // namespace

TEST_CASE("a record of every kind comes back as it was") {
  STET_SAYS_SEED();
  random_source random;
  record_maker maker(random);
  for (auto kind : all_kinds) {
    for (int i = 0; i < 50; ++i) {
      auto r = maker.make(kind);
      auto bytes = bytes_of(r);
      auto again = decoded(bytes);
      CHECK(body_of(again) == body_of(r));
      CHECK(again.kind == r.kind);
      CHECK(again.flags == r.flags);
      CHECK(again.run == r.run);
    }
  }
}

TEST_CASE("a record whose numbers are all as long as they can be is written whole") {
  constexpr auto number = std::numeric_limits<std::uint64_t>::max();
  constexpr auto time = std::numeric_limits<std::int64_t>::min();
  const std::string text(300, 'x');
  record r;
  r.flags = 255;
  r.run = r.related = r.first = r.previous = run_number(number);
  r.command = command_number(0xffffffff);
  r.time = r.begins_at = r.execution_deadline = engine_time(time);
  r.number = r.late = r.run_timeout = time;
  r.attempt = r.line = r.payload_limit = 0xffffffff;
  r.seed[0] = r.seed[1] = r.secret[0] = r.secret[1] = number;
  r.name_space = r.attributes = r.memo = r.details = r.version = text;
  r.name = r.target = r.payload = r.error_type = r.error_text = r.error_path = text;
  for (auto kind : all_kinds) {
    r.kind = kind;
    auto bytes = "before" + bytes_of(r);
    encode(bytes, r);
    source in(std::string_view(bytes).substr(6));
    for (int i = 0; i < 2; ++i) CHECK(body_of(decode_record(in)) == body_of(r));
    CHECK(in.done());
  }
}

TEST_CASE(
    "what a kind carries comes back: time and names of a start, the code and texts of a failure") {
  STET_SAYS_SEED();
  random_source random;
  record_maker maker(random);
  auto start = maker.make(record_kind::started);
  auto start_bytes = bytes_of(start);
  auto s = decoded(start_bytes);
  CHECK((s.time == start.time && s.name == start.name && s.target == start.target &&
         s.payload == start.payload));
  CHECK((s.first == start.first && s.previous == start.previous && s.begins_at == start.begins_at &&
         s.run_timeout == start.run_timeout && s.execution_deadline == start.execution_deadline &&
         s.version == start.version));
  CHECK((s.seed[0] == start.seed[0] && s.seed[1] == start.seed[1] && s.related == start.related &&
         s.command == start.command));
  auto failure = maker.make(record_kind::step_failed);
  auto failure_bytes = bytes_of(failure);
  auto f = decoded(failure_bytes);
  CHECK((f.code == failure.code && f.error_type == failure.error_type &&
         f.error_text == failure.error_text && f.error_path == failure.error_path));
  CHECK((f.attempt == failure.attempt && f.payload == failure.payload &&
         f.command == failure.command));
  auto retry = maker.make(record_kind::retry);
  auto retry_bytes = bytes_of(retry);
  auto y = decoded(retry_bytes);
  CHECK((y.number == retry.number && y.attempt == retry.attempt && y.time == retry.time));
}

TEST_CASE("kinds are events, commands or notes, and each has its words") {
  std::set<std::string_view> words;
  for (auto kind : all_kinds) {
    CHECK(is_event(kind) + is_command(kind) + is_note(kind) == 1);
    words.insert(to_text(kind));
  }
  CHECK(words.size() == std::size(all_kinds));
  CHECK(to_text(static_cast<record_kind>(200)) == "unknown");
}

TEST_CASE("a record that is cut short anywhere is refused") {
  STET_SAYS_SEED();
  random_source random;
  record_maker maker(random);
  for (auto kind : all_kinds) {
    auto bytes = bytes_of(maker.make(kind));
    for (std::size_t n = 0; n < bytes.size(); ++n)
      CHECK_THROWS_AS(decoded(bytes.substr(0, n)), malformed);
  }
}

TEST_CASE("a record of an unknown kind, or longer than its fields, is refused [S143]") {
  std::string unknown{2, char(100), 0};
  CHECK_THROWS_AS(decoded(unknown), malformed);
  record r;
  r.kind = record_kind::resumed;
  auto bytes = bytes_of(r);
  ++bytes[0];  // the length
  bytes.push_back(0);
  CHECK_THROWS_AS(decoded(bytes), malformed);
}

TEST_CASE("damaged records are refused or decode, and never do anything else") {
  STET_SAYS_SEED();
  random_source random;
  record_maker maker(random);
  for (int i = 0; i < 5000; ++i) {
    auto bad = random.damaged(bytes_of(maker.make(all_kinds[random.below(std::size(all_kinds))])));
    try {
      auto r = decoded(bad);
      auto bytes = bytes_of(r);  // perhaps other bytes for the same record
      CHECK(body_of(decoded(bytes)) == body_of(r));
    } catch (const malformed&) {}
  }
}

TEST_CASE("records stand one behind another, and none reads into the next") {
  STET_SAYS_SEED();
  random_source random;
  record_maker maker(random);
  std::string all;
  std::vector<std::string> each;
  for (int i = 0; i < 300; ++i) {
    auto r = maker.make(all_kinds[random.below(std::size(all_kinds))]);
    each.push_back(body_of(r));
    encode(all, r);
  }
  source in(all);
  for (auto& body : each) CHECK(body_of(decode_record(in)) == body);
  CHECK(in.done());
}
