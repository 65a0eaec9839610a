#include "keys/keys.hpp"

#include <algorithm>
#include <tuple>

#include "base/bytes.hpp"
#include "tests/support/bytes.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

/// The keys have the same order as the values that they encode.
template <class T, class F> void check_order(std::vector<T> values, F key_of) {
  for (auto& a : values)
    for (auto& b : values) {
      CHECK((key_of(a) < key_of(b)) == (a < b));
      CHECK((key_of(a) == key_of(b)) == (a == b));
    }
}

std::int64_t near_borders(random_source& random) {
  constexpr std::int64_t borders[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
  auto n = borders[random.below(5)];
  return random.coin() ? n : random.signed_number();
}

}  // namespace

TEST_CASE("timers are in the order of their times, then of their runs") {
  STET_SAYS_SEED();
  random_source random;
  std::vector<std::pair<engine_time, run_number>> all;
  for (int i = 0; i < 60; ++i)
    all.emplace_back(engine_time(near_borders(random)), run_number(random.number()));
  check_order(all, [](auto& t) { return keys::timer(t.first, t.second); });
  for (auto& [wake, run] : all) {
    auto t = keys::parse_timer(keys::timer(wake, run));
    CHECK(t.wake == wake);
    CHECK(t.run == run);
    CHECK(keys::last_run(keys::timer(wake, run)) == run);
  }
}

TEST_CASE("blocks, snapshots and chunks are in the order of their numbers") {
  STET_SAYS_SEED();
  random_source random;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
  for (int i = 0; i < 60; ++i) all.emplace_back(random.number(), random.number());
  check_order(all, [](auto& p) { return keys::history(run_number(p.first), p.second); });
  for (auto make : {+[](std::uint64_t n) { return keys::journal(n); },
                    +[](std::uint64_t n) { return keys::snapshot(run_number(n)); },
                    +[](std::uint64_t n) { return keys::packed(run_number(n)); }}) {
    for (auto& a : all) {
      CHECK(keys::last_number(make(a.first)) == a.first);
      for (auto& b : all) CHECK((make(a.first) < make(b.first)) == (a.first < b.first));
    }
  }
}

TEST_CASE("ids are in the order of their bytes, and no id is a part of another") {
  STET_SAYS_SEED();
  random_source random;
  std::vector<std::tuple<std::string, std::string, run_number>> all;
  for (int i = 0; i < 150; ++i)
    all.emplace_back(random.text(3), random.text(4), run_number(random.below(3)));
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  auto key = [](auto& t) { return keys::id(std::get<0>(t), std::get<1>(t), std::get<2>(t)); };
  check_order(all, key);
  for (auto& a : all) {
    auto parts = keys::parse_id(key(a));
    CHECK(std::tie(parts.name_space, parts.id, parts.run) == a);
    auto prefix = keys::id_prefix(std::get<0>(a), std::get<1>(a));
    for (auto& b : all) {
      bool same = std::get<0>(a) == std::get<0>(b) && std::get<1>(a) == std::get<1>(b);
      CHECK((key(b) >= prefix && key(b) < keys::end_of(prefix)) == same);
    }
  }
}

TEST_CASE("what a chain was sent is found by its key, the latest run last, and by nothing else") {
  STET_SAYS_SEED();
  random_source random;
  using keys::sent_kind;
  std::vector<std::tuple<run_number, sent_kind, std::string, run_number>> all;
  for (int i = 0; i < 150; ++i)
    all.emplace_back(run_number(random.below(3)),
                     random.coin() ? sent_kind::signal : sent_kind::update, random.text(4),
                     run_number(random.below(3)));
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  auto key = [](auto& t) {
    return keys::sent(std::get<0>(t), std::get<1>(t), std::get<2>(t), std::get<3>(t));
  };
  check_order(all, key);
  for (auto& a : all) {
    auto p = keys::parse_sent(key(a));
    CHECK(std::tie(p.first, p.kind, p.key, p.run) == a);
    auto prefix = keys::sent_prefix(p.first, p.kind, p.key);
    for (auto& b : all) {
      bool same = std::get<0>(a) == std::get<0>(b) && std::get<1>(a) == std::get<1>(b) &&
                  std::get<2>(a) == std::get<2>(b);
      CHECK((key(b) >= prefix && key(b) < keys::end_of(prefix)) == same);
    }
  }
  CHECK(keys::sent(run_number::max(), sent_kind::update, std::string(200, '\0'), run_number::max())
            .size() <= 500);
}

TEST_CASE("the longest id that is allowed makes a key that every store takes") {
  CHECK(keys::id(std::string(64, '\0'), std::string(200, '\0'), run_number::max()).size() <=
        500 + 64);
  CHECK(keys::id("default", std::string(200, '\0'), run_number::max()).size() <= 500);
}

TEST_CASE(
    "the end of a prefix is behind everything that begins with it, and before everything else") {
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 500; ++i) {
    auto prefix = random.text(4), other = random.text(6);
    auto end = keys::end_of(prefix);
    bool begins = other.compare(0, prefix.size(), prefix) == 0;
    CHECK((other >= prefix && (end.empty() || other < end)) == begins);
  }
}

TEST_CASE("spaces don't touch each other") {
  using keys::space;
  for (auto a : {space::history, space::journal, space::ids, space::owner, space::packed,
                 space::sent, space::snapshot, space::timers})
    for (auto b :
         {keys::history(run_number(1), 1), keys::journal(1), keys::id("n", "i", run_number(1)),
          keys::owner(), keys::packed(run_number(1)), keys::snapshot(run_number(1)),
          keys::timer(engine_time(1), run_number(1)), keys::format(),
          keys::sent(run_number(1), keys::sent_kind::signal, "k", run_number(1))}) {
      bool inside = b >= keys::all(a) && b < keys::end_of(keys::all(a));
      CHECK(inside == (b.size() > 1 && b[0] == 0 && b[1] == static_cast<char>(a)));
    }
}

TEST_CASE("a key that is damaged is refused, or is another key") {
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 2000; ++i) {
    auto id = keys::id(random.text(3), random.text(5), run_number(random.number()));
    auto bad = random.damaged(id);
    try {
      auto p = keys::parse_id(bad);
      auto again = keys::id(p.name_space, p.id, p.run);
      CHECK(again.substr(1) == bad.substr(1));  // the caller checks the shard's byte
    } catch (const malformed&) {}
    try {
      auto t = keys::parse_timer(random.damaged(
          keys::timer(engine_time(random.signed_number()), run_number(random.number()))));
      (void)t;
    } catch (const malformed&) {}
  }
}
