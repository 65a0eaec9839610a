// Order, ranges, limits of keys and values.
#include <doctest/doctest.h>

#include <stdexcept>

#include "support.hpp"

namespace stet_conformance {

using stet::errc;

namespace {

/// a to j, each with its own letter as value.
std::unique_ptr<stet::store> open_with_letters(const target& t) {
  auto s = open_fresh(t);
  batch_of b;
  for (char c : std::string("jacgebdifh")) b.put(std::string(1, c), std::string(1, c));
  b.commit_to(*s);
  return s;
}

/// The keys of a scan, written one after another.
std::string keys(const pairs& found) {
  std::string all;
  for (const auto& [k, v] : found) all += k;
  return all;
}

struct thrown_by_visitor : std::runtime_error {
  thrown_by_visitor() : runtime_error("visitor") {}
};

void check_order(const target& t) {
  SUBCASE("store: keys are compared as unsigned bytes, a prefix before what it begins") {
    auto s = open_fresh(t);
    batch_of b;
    model expected;
    for (int i = 0; i < 256; ++i) {
      for (const std::string& k :
           {std::string(1, static_cast<char>(i)), std::string{static_cast<char>(i), '\0'},
            std::string{'m', static_cast<char>(i), 'm'}}) {
        expected[k] = std::to_string(i);
        b.put(k, expected[k]);
      }
    }
    b.commit_to(*s);
    auto forward = scanned(*s);
    CHECK(forward == all_of(expected));  // std::string compares as unsigned bytes too
    auto back = scanned(*s, {}, {}, true);
    CHECK(pairs(back.rbegin(), back.rend()) == forward);
    for (const auto& [k, v] : expected) CHECK(s->get(k) == v);
  }
}

}  // namespace

void check_scans(const target& t) {
  check_order(t);
  SUBCASE("scan: from is included, to is excluded, an empty one is no bound") {
    auto s = open_with_letters(t);
    CHECK(keys(scanned(*s)) == "abcdefghij");
    CHECK(keys(scanned(*s, "c", "g")) == "cdef");
    CHECK(keys(scanned(*s, "bb", "ff")) == "cdef");
    CHECK(keys(scanned(*s, "h")) == "hij");
    CHECK(keys(scanned(*s, "", "c")) == "ab");
    CHECK(keys(scanned(*s, "c", "d")) == "c");
    CHECK(keys(scanned(*s, "c", "c")).empty());
    CHECK(keys(scanned(*s, "g", "c")).empty());
    CHECK(keys(scanned(*s, "k")).empty());
    CHECK(keys(scanned(*s, "", "a")).empty());
    CHECK(keys(scanned(*s, std::string(600, 'c'), std::string(600, 'e'))) == "de");
  }
  SUBCASE("scan: backward visits the same keys from the last down") {
    auto s = open_with_letters(t);
    CHECK(keys(scanned(*s, "", "", true)) == "jihgfedcba");
    CHECK(keys(scanned(*s, "c", "g", true)) == "fedc");
    CHECK(keys(scanned(*s, "bb", "ff", true)) == "fedc");
    CHECK(keys(scanned(*s, "h", "", true)) == "jih");
    CHECK(keys(scanned(*s, "h", "z", true)) == "jih");
    CHECK(keys(scanned(*s, "", "c", true)) == "ba");
    CHECK(keys(scanned(*s, "c", "c", true)).empty());
    CHECK(keys(scanned(*s, "g", "c", true)).empty());
    CHECK(keys(scanned(*s, "k", "", true)).empty());
    CHECK(keys(scanned(*s, "", "a", true)).empty());
    CHECK(keys(scanned(*s, std::string(600, 'c'), std::string(600, 'e'), true)) == "ed");
  }
  SUBCASE("scan: an empty store has nothing in either direction") {
    auto s = open_fresh(t);
    CHECK(scanned(*s).empty());
    CHECK(scanned(*s, "a", "b").empty());
    CHECK(scanned(*s, "", "", true).empty());
    CHECK(scanned(*s, "a", "b", true).empty());
  }
  SUBCASE("visitor: false ends the scan") {
    auto s = open_with_letters(t);
    CHECK(keys(scanned(*s, "", "", false, 3)) == "abc");
    CHECK(keys(scanned(*s, "", "", true, 3)) == "jih");
    CHECK(keys(scanned(*s, "c", "g", false, 1)) == "c");
    CHECK(keys(scanned(*s, "c", "g", true, 4)) == "fedc");
  }
  SUBCASE("visitor: what it throws passes, and the store goes on") {
    auto s = open_with_letters(t);
    auto throwing = [](std::string_view, std::string_view) -> bool { throw thrown_by_visitor(); };
    for (bool backward : {false, true}) {
      CHECK_THROWS_AS(stet::scan(*s, {"", "", backward}, throwing), thrown_by_visitor);
    }
    put(*s, "k", "k");
    CHECK(keys(scanned(*s)) == "abcdefghijk");
  }
}

void check_limits(const target& t) {
  SUBCASE("store: a key is 1 to key_bytes_max bytes of any value") {
    auto s = open_fresh(t);
    const std::size_t longest = s->info().key_bytes_max;
    CHECK(longest >= 511);
    model expected;
    for (std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{500}, longest}) {
      for (char c : {'\0', 'k', '\x7f', '\x80', '\xff'}) expected[std::string(n, c)] = "v";
    }
    batch_of b;
    for (const auto& [k, v] : expected) b.put(k, v);
    b.commit_to(*s);
    CHECK(scanned(*s) == all_of(expected));
    for (const auto& [k, v] : expected) CHECK(s->get(k) == v);
  }
  SUBCASE("store: an empty or too long key is errc::usage, and the whole batch is refused") {
    auto s = open_fresh(t);
    const std::string too_long(s->info().key_bytes_max + 1, 'k');
    for (const std::string& k : {std::string(), too_long}) {
      CHECK(fails_as(errc::usage, [&] { (void)s->get(k); }));
      CHECK(refused_as(errc::usage, [&] { batch_of().put("a", "1").put(k, "v").commit_to(*s); }));
      CHECK(refused_as(errc::usage, [&] { batch_of().put("a", "1").erase(k).commit_to(*s); }));
      CHECK(refused_as(errc::usage,
                       [&] { batch_of().put("a", "1").expect(k, std::nullopt).commit_to(*s); }));
    }
    CHECK(scanned(*s).empty());
  }
  SUBCASE("store: values of 1 MiB, and around the sizes of pages") {
    auto s = open_fresh(t);
    model expected;
    batch_of b;
    for (std::size_t n : {0u, 1u, 2000u, 4071u, 4080u, 4081u, 4096u, 65536u, 1u << 20}) {
      std::string v(n, '\0');
      for (std::size_t i = 0; i < n; ++i) v[i] = static_cast<char>(i * 31 + n);
      b.put("k" + std::to_string(n), v);
      expected["k" + std::to_string(n)] = v;
    }
    b.commit_to(*s);
    CHECK((scanned(*s) == all_of(expected)));
    for (const auto& [k, v] : expected) CHECK((s->get(k) == v));
  }
  SUBCASE("commit: ten thousand operations at once") {
    auto s = open_fresh(t);
    model expected;
    batch_of b;
    for (int i = 0; i < 10000; ++i) {
      std::string k = std::to_string((i * 7919) % 10007);
      b.put(k, std::to_string(i));
      expected[k] = std::to_string(i);
    }
    b.commit_to(*s);
    CHECK((scanned(*s) == all_of(expected)));
  }
}

}  // namespace stet_conformance
