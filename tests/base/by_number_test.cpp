#include "base/by_number.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <string>

namespace {

using stet::detail::by_number;

TEST_CASE("by_number: what a map would do, whatever is taken out") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    by_number<std::string> ours;
    std::map<std::uint32_t, std::string> theirs;
    std::uint32_t next = 1;
    for (int i = 0; i < 200; ++i) {
      if (random() % 3 || theirs.empty()) {
        REQUIRE(ours.is_next(next));
        ours.add(next, std::to_string(next));
        theirs.emplace(next, std::to_string(next));
        CHECK_FALSE(ours.is_next(next));
        next += 1 + random() % 3;
      } else {
        auto gone = std::next(theirs.begin(), static_cast<long>(random() % theirs.size()))->first;
        ours.erase(gone);
        ours.erase(gone);  // erasing again does nothing
        theirs.erase(gone);
        CHECK(ours.find(gone) == nullptr);
      }
      CHECK(ours.size() == theirs.size());
      CHECK(ours.empty() == theirs.empty());
    }
    auto expected = theirs.begin();
    for (auto& text : ours) CHECK(text == (expected++)->second);
    CHECK(expected == theirs.end());
    for (auto& [number, text] : theirs) CHECK(*ours.find(number) == text);
  }
}

TEST_CASE("by_number: what is taken out is let go at once") {
  by_number<std::shared_ptr<int>> all;
  std::weak_ptr<int> seen[3];
  for (std::uint32_t n = 0; n < 3; ++n) {
    auto one = std::make_shared<int>(1);
    seen[n] = one;
    all.add(n, one);
  }
  all.erase(1);
  CHECK(seen[1].expired());
  CHECK_FALSE(seen[0].expired());
  all.clear();
  CHECK(seen[0].expired());
  CHECK(all.is_next(0));
}

TEST_CASE("by_number: what is added is filled in where it lies") {
  by_number<std::string> all;
  auto& text = all.add(3);
  CHECK(text.empty());
  text = "three";
  CHECK(all.find(3) == &text);
  CHECK(*all.find(3) == "three");
}

TEST_CASE(
    "by_number: the last one that is taken out leaves no place, nor do empty ones before it") {
  by_number<int> all;
  for (std::uint32_t n = 1; n <= 6; ++n) all.add(n, static_cast<int>(n));
  all.erase(4);
  all.erase(5);
  CHECK(!all.is_next(6));
  all.erase(6);
  CHECK(all.is_next(4));
  CHECK(!all.is_next(3));
  CHECK(all.size() == 3);
  all.add(7, 7);
  int sum = 0;
  for (auto n : all) sum += n;
  CHECK(sum == 1 + 2 + 3 + 7);
  for (std::uint32_t n : {1, 2, 3, 7}) all.erase(n);
  CHECK(all.empty());
  CHECK(all.size() == 0);
  all.add(1, 1);
  CHECK(*all.find(1) == 1);
}

}  // namespace
