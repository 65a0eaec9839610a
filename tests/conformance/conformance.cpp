#include "conformance.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

namespace stet_conformance {

using stet::errc;

void check(const target& t) {
  CAPTURE(t.name);
  check_reads_and_commits(t);
  check_scans(t);
  check_limits(t);
  check_lifetime(t);
  check_threads(t);
  check_random_walk(t);
  if (t.durable) check_kills(t);
}

namespace {

void check_commits(const target& t) {
  SUBCASE("commit: a batch becomes visible together") {
    auto s = open_fresh(t);
    CHECK(scanned(*s).empty());
    batch_of().put("a", "1").put("b", "2").put("c", "3").commit_to(*s);
    CHECK(scanned(*s) == pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  }
  SUBCASE("batch: operations apply in the order in which they were added") {
    auto s = open_fresh(t);
    put(*s, "m", "old");
    batch_of().put("a", "1").erase("a").put("b", "1").put("b", "2").commit_to(*s);
    CHECK(scanned(*s) == pairs{{"b", "2"}, {"m", "old"}});
    batch_of().put("c", "1").erase_range("a", "z").put("d", "1").erase("e").commit_to(*s);
    CHECK(scanned(*s) == pairs{{"d", "1"}});
  }
  SUBCASE("put: replaces a value by a longer, a shorter and an empty one") {
    auto s = open_fresh(t);
    for (const std::string& v : {std::string("v"), std::string(9000, 'x'), std::string("w"),
                                 std::string(), std::string(5, '\0')}) {
      put(*s, "k", v);
      CHECK(s->get("k") == v);
    }
  }
  SUBCASE("erase: no error if the key is absent") {
    auto s = open_fresh(t);
    batch_of().erase("absent").put("a", "1").commit_to(*s);
    batch_of().erase("absent").erase("a").erase("a").commit_to(*s);
    CHECK(scanned(*s).empty());
  }
  SUBCASE("commit: an empty batch is fine") {
    auto s = open_fresh(t);
    batch_of().commit_to(*s);
    batch_of().commit_to(*s, stet::durability::process);
    CHECK(scanned(*s).empty());
  }
  SUBCASE("commit: each durability is visible at once") {
    auto s = open_fresh(t);
    batch_of().put("a", "1").commit_to(*s, stet::durability::process);
    CHECK(s->get("a") == "1");
    batch_of().put("b", "2").commit_to(*s, stet::durability::sync);
    batch_of().put("c", "3").commit_to(*s, stet::durability::process);
    CHECK(scanned(*s).size() == 3);
  }
}

void check_erase_range(const target& t) {
  SUBCASE("erase_range: removes every key k with from <= k < to") {
    auto s = open_fresh(t);
    batch_of b;
    for (const char* k : {"a", "b", "b\x01", "bb", "c", "d"}) b.put(k, "v");
    b.commit_to(*s);
    batch_of().erase_range("b", "c").commit_to(*s);
    CHECK(scanned(*s) == pairs{{"a", "v"}, {"c", "v"}, {"d", "v"}});
    batch_of().erase_range("", "a").commit_to(*s);
    CHECK(scanned(*s).size() == 3);
    batch_of().erase_range("", "b").commit_to(*s);
    CHECK(scanned(*s) == pairs{{"c", "v"}, {"d", "v"}});
    batch_of().erase_range("cc", std::string(600, '\xff')).commit_to(*s);
    CHECK(scanned(*s) == pairs{{"c", "v"}});
  }
  SUBCASE("erase_range: nothing is below an empty end, or between a bound and a lower one") {
    auto s = open_fresh(t);
    put(*s, "b", "v");
    batch_of().erase_range("a", "").erase_range("", "").commit_to(*s);
    batch_of().erase_range("c", "a").erase_range("b", "b").commit_to(*s);
    CHECK(s->get("b") == "v");
  }
  SUBCASE("erase_range: a thousand keys and many pages, and nothing beside them") {
    auto s = open_fresh(t);
    batch_of b;
    for (int i = 1000; i < 3000; ++i) b.put("k" + std::to_string(i), std::string(100, 'v'));
    b.commit_to(*s);
    batch_of().put("k1500x", "in").erase_range("k1500", "k2500").put("k1700", "late").commit_to(*s);
    auto left = scanned(*s);
    CHECK(left.size() == 1001);
    CHECK(s->get("k1499"));
    CHECK(s->get("k2500"));
    CHECK(s->get("k1700") == "late");
    CHECK(!s->get("k1500x"));
  }
}

void check_expect(const target& t) {
  SUBCASE("expect: holds for an equal value, for an absent key, and for an empty value") {
    auto s = open_fresh(t);
    batch_of().expect("k", std::nullopt).put("k", "").commit_to(*s);
    batch_of().expect("k", "").put("k", "2").commit_to(*s);
    batch_of().expect("k", "2").expect("absent", std::nullopt).erase("k").commit_to(*s);
    CHECK(scanned(*s).empty());
  }
  SUBCASE("expect: else the commit is refused with errc::conflict, and nothing is applied") {
    auto s = open_fresh(t);
    put(*s, "k", "1");
    auto refused = [&](std::string key, std::optional<std::string> v) {
      return refused_as(errc::conflict, [&] {
        batch_of b;
        b.put("a", "x").erase("k").erase_range("", "z").expect(std::move(key), std::move(v));
        b.put("z", "x").commit_to(*s);
      });
    };
    CHECK(refused("k", "2"));
    CHECK(refused("k", ""));
    CHECK(refused("k", std::nullopt));
    CHECK(refused("absent", "1"));
    CHECK(refused("absent", ""));
    CHECK(scanned(*s) == pairs{{"k", "1"}});
    put(*s, "still", "usable");
    CHECK(s->get("still") == "usable");
  }
  SUBCASE("expect: is about the state before the batch, wherever it stands in it") {
    auto s = open_fresh(t);
    put(*s, "k", "1");
    batch_of().put("k", "2").expect("k", "1").commit_to(*s);
    CHECK(s->get("k") == "2");
    CHECK(refused_as(errc::conflict,
                     [&] { batch_of().put("k", "3").expect("k", "3").commit_to(*s); }));
    CHECK(s->get("k") == "2");
  }
}

}  // namespace

void check_reads_and_commits(const target& t) {
  SUBCASE("get: the value, or nothing") {
    auto s = open_fresh(t);
    CHECK(!s->get("k"));
    put(*s, "k", "v");
    CHECK(s->get("k") == "v");
    CHECK(!s->get("k2"));
    CHECK(!s->get("j"));
    CHECK(!s->get(std::string_view("k\0", 2)));
  }
  check_commits(t);
  check_erase_range(t);
  check_expect(t);
}

}  // namespace stet_conformance
