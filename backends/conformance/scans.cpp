// The order of a scan's keys, and its ranges.
#include <stdexcept>

#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

/// The keys a to j, each with its own letter as value.
std::unique_ptr<store> open_with_letters(trial& t) {
  auto s = t.open_fresh();
  batch_of b;
  for (char c : std::string("jacgebdifh")) b.put(std::string(1, c), std::string(1, c));
  b.commit_to(*s);
  return s;
}

/// The keys of a scan, joined to one string.
std::string keys(const pairs& found) {
  std::string all;
  for (const auto& [k, v] : found) all += k;
  return all;
}

/// A range of a store with the letters, and the letters that lie in it.
struct range_case {
  std::string from, to, inside;
};

const std::vector<range_case>& range_cases() {
  static const std::vector<range_case> all{
      {"", "", "abcdefghij"}, {"c", "g", "cdef"},
      {"bb", "ff", "cdef"},   {"h", "", "hij"},
      {"h", "z", "hij"},      {"", "c", "ab"},
      {"c", "d", "c"},        {"c", "c", ""},
      {"g", "c", ""},         {"k", "", ""},
      {"", "a", ""},          {std::string(600, 'c'), std::string(600, 'e'), "de"},
  };
  return all;
}

std::string name_of(const range_case& r, bool backward) {
  const auto bound = [](const std::string& b) {
    return b.size() > 3 ? std::to_string(b.size()) + " bytes of " + b[0] : "\"" + b + "\"";
  };
  return "the keys of a scan of a to j, from " + bound(r.from) + " to " + bound(r.to) +
         (backward ? ", backward" : "");
}

void check_ranges(trial& t, bool backward) {
  auto s = open_with_letters(t);
  for (const auto& r : range_cases()) {
    const std::string expected =
        backward ? std::string(r.inside.rbegin(), r.inside.rend()) : r.inside;
    t.same(name_of(r, backward), expected, keys(scanned(*s, r.from, r.to, backward)));
  }
}

void check_order(trial& t) {
  auto s = t.open_fresh();
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
  const auto all = all_of(expected);  // std::string compares as unsigned bytes too
  t.same("a scan of keys with every byte", all, scanned(*s));
  t.same("the same backward", pairs(all.rbegin(), all.rend()), scanned(*s, {}, {}, true));
  for (const auto& [k, v] : expected) t.same("get of each of them", v, s->get(k));
}

void check_empty(trial& t) {
  auto s = t.open_fresh();
  for (bool backward : {false, true}) {
    t.same("a scan of all", {}, scanned(*s, "", "", backward));
    t.same("a scan from a to b", {}, scanned(*s, "a", "b", backward));
  }
}

void check_false(trial& t) {
  auto s = open_with_letters(t);
  const auto check = [&](std::string_view what, std::string expected, const pairs& found) {
    t.same(what, expected, keys(found));
  };
  check("the keys seen by a visitor that ends at the third", "abc", scanned(*s, "", "", false, 3));
  check("the same backward", "jih", scanned(*s, "", "", true, 3));
  check("one that ends at the first of c to g", "c", scanned(*s, "c", "g", false, 1));
  check("one that ends at the fourth of c to g, backward", "fedc", scanned(*s, "c", "g", true, 4));
}

struct thrown_by_visitor : std::runtime_error {
  thrown_by_visitor() : runtime_error("visitor") {}
};

void check_throw(trial& t) {
  auto s = open_with_letters(t);
  for (bool backward : {false, true}) {
    int visits = 0;
    bool has_passed = false;
    try {
      stet::scan(*s, {"", "", backward}, [&](std::string_view, std::string_view) -> bool {
        ++visits;
        throw thrown_by_visitor();
      });
    } catch (const thrown_by_visitor&) { has_passed = true; }
    t.holds("the visitor's exception reaches who called scan", has_passed);
    t.same_count("keys visited by a visitor that throws", 1, static_cast<std::uint64_t>(visits));
  }
  put(*s, "k", "k");
  t.same("the keys of a scan afterwards, with another key", "abcdefghijk", keys(scanned(*s)));
}

constexpr clause kClauses[] = {
    {"store: keys are compared as unsigned bytes, a prefix before what it begins", check_order},
    {"scan: from is included, to is excluded, an empty one is no bound",
     [](trial& t) { check_ranges(t, false); }},
    {"scan: backward visits the same keys from the last down",
     [](trial& t) { check_ranges(t, true); }},
    {"scan: an empty store has nothing in either direction", check_empty},
    {"visitor: false ends the scan", check_false},
    {"visitor: what it throws passes, and the store goes on", check_throw},
};

}  // namespace

std::span<const clause> scan_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
