// Opening, closing, several threads, processes that are killed.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "support.hpp"
#include "tests/support/child_process.hpp"

namespace stet_conformance {

using stet::errc;
using stet_tests::child_process;

void check_lifetime(const target& t) {
  SUBCASE("close: what was committed is there when the store is opened again") {
    auto s = open_fresh(t);
    batch_of().put("a", "1").put("b", "2").commit_to(*s);
    batch_of().erase("a").put("c", "3").commit_to(*s, stet::durability::process);
    s->close();
    s = t.open();
    CHECK(scanned(*s) == pairs{{"b", "2"}, {"c", "3"}});
    put(*s, "d", "4");
    s.reset();  // a destructor closes too
    s = t.open();
    CHECK(scanned(*s) == pairs{{"b", "2"}, {"c", "3"}, {"d", "4"}});
  }
  SUBCASE("close: is idempotent, and every other call throws errc::store afterwards") {
    auto s = open_fresh(t);
    put(*s, "a", "1");
    s->close();
    s->close();
    CHECK(fails_as(errc::store, [&] { (void)s->get("a"); }));
    CHECK(fails_as(errc::store, [&] { (void)scanned(*s); }));
    CHECK(refused_as(errc::store, [&] { put(*s, "b", "2"); }));
    s->close();
    CHECK(!s->info().scheme.empty());
    auto again = t.open();  // while the closed object is still there
    CHECK(scanned(*again) == pairs{{"a", "1"}});
  }
  SUBCASE("store_error: a store that is in use is errc::conflict, and its owner isn't disturbed") {
    auto s = open_fresh(t);
    if (s->info().shared) return;
    put(*s, "a", "1");
    CHECK(fails_as(errc::conflict, [&] { (void)t.open(); }));
    CHECK(fails_as(errc::conflict, [&] { (void)t.open(); }));
    put(*s, "b", "2");
    s->close();
    s = t.open();
    CHECK(scanned(*s) == pairs{{"a", "1"}, {"b", "2"}});
  }
}

namespace {

/// Every commit writes one and the same number to ten keys.
void count_up(stet::store& s, int commits) {
  for (int i = 1; i <= commits; ++i) {
    batch_of b;
    for (char c = 'a'; c <= 'j'; ++c) {
      b.put(std::string(1, c), std::to_string(i) + std::string(i % 7 * 300u, ' '));
    }
    b.commit_to(s, i % 4 == 0 ? stet::durability::sync : stet::durability::process);
  }
}

/// Scans until `done`: how many scans saw a mixture, or the past after the future.
int scans_that_mix(stet::store& s, bool backward, const std::atomic<bool>& done) {
  int wrong = 0, latest = 0;
  while (!done) {
    auto found = scanned(s, {}, {}, backward);
    if (found.empty()) continue;
    int seen = std::stoi(found.front().second);
    bool whole = found.size() == 10 && seen >= latest;
    for (const auto& [k, v] : found) whole = whole && v == found.front().second;
    wrong += !whole;
    latest = seen;
  }
  return wrong;
}

int gets_that_go_back(stet::store& s, const std::atomic<bool>& done) {
  int wrong = 0, latest = 0;
  while (!done) {
    auto value = s.get("e");
    int seen = value ? std::stoi(*value) : 0;
    wrong += seen < latest;
    latest = seen;
  }
  return wrong;
}

}  // namespace

void check_threads(const target& t) {
  SUBCASE("scan: sees one committed state, whatever is committed meanwhile") {
    auto s = open_fresh(t);
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (bool backward : {false, true}) {
      readers.emplace_back([&, backward] { wrong += scans_that_mix(*s, backward, done); });
    }
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] { wrong += gets_that_go_back(*s, done); });
    }
    count_up(*s, 200);
    done = true;
    for (auto& r : readers) r.join();
    CHECK(wrong == 0);
    CHECK(std::stoi(s->get("a").value()) == 200);
  }
  SUBCASE("commit: may come from one thread after another") {
    auto s = open_fresh(t);
    for (int i = 0; i < 8; ++i) {
      std::thread([&] { put(*s, std::to_string(i), "v"); }).join();
    }
    CHECK(scanned(*s).size() == 8);
  }
}

namespace {

/// Of as many digits for every `n` from -1 on.
std::string key_prefix(int n) { return std::to_string(200000 + n); }

/// What the store holds after batch `n`: batches add five keys and drop those of three before.
model state_after(int n) {
  model m;
  for (int i = std::max(1, n - 2); i <= n; ++i) {
    for (int k = 0; k < 5; ++k) {
      m[key_prefix(i) + "." + std::to_string(k)] =
          std::string(static_cast<std::size_t>(i * 37 % 3000), static_cast<char>('a' + k));
    }
  }
  if (n > 0) m["last"] = std::to_string(n);
  return m;
}

void commit_number(stet::store& s, int n) {
  batch_of b;
  const model now = state_after(n);
  for (int k = 0; k < 5; ++k) {
    auto key = key_prefix(n) + "." + std::to_string(k);
    b.put(key, now.at(key));
  }
  b.put("last", std::to_string(n));
  b.erase_range("", key_prefix(n - 2));
  b.commit_to(s, n % 3 == 0 ? stet::durability::process : stet::durability::sync);
}

/// Keys and the sizes of their values.
std::string summary(const pairs& found) {
  std::string all;
  for (const auto& [k, v] : found) all += k + "(" + std::to_string(v.size()) + ") ";
  return all;
}

/// Lets a child commit from `first` on and kills it: the last number that it acknowledged.
int commit_until_killed(const target& t, int first, int acknowledgements, int delay_us) {
  child_process child([&](int pipe) {
    auto s = t.open();
    for (int n = first;; ++n) {
      commit_number(*s, n);
      child_process::tell(pipe, ".");
    }
  });
  std::string heard;
  while (static_cast<int>(heard.size()) < acknowledgements) {
    auto more = child.hear();
    if (more.empty()) break;
    heard += more;
  }
  ::usleep(static_cast<useconds_t>(delay_us));
  child.kill();
  heard += child.hear_all();
  INFO("heard: ", heard);
  REQUIRE(heard.find_first_not_of('.') == std::string::npos);
  REQUIRE(!heard.empty());
  return first + static_cast<int>(heard.size()) - 1;
}

}  // namespace

void check_kills(const target& t) {
  SUBCASE("durability: what was acknowledged survives SIGKILL, and no batch in part") {
    const auto s0 = seed();
    MESSAGE("STET_SEED=", s0);
    std::mt19937_64 random(s0);
    t.fresh();
    int last = 0;
    for (int round = 0; round < 12; ++round) {
      int acknowledged = commit_until_killed(t, last + 1, 1 + static_cast<int>(random() % 20),
                                             static_cast<int>(random() % 3000));
      auto s = t.open();
      last = std::stoi(s->get("last").value_or("0"));
      CHECK(last >= acknowledged);
      CHECK(last <= acknowledged + 1);  // written, and killed before it could tell
      CHECK_MESSAGE((scanned(*s) == all_of(state_after(last))), "after ", last, " holds ",
                    summary(scanned(*s)));
    }
  }
}

}  // namespace stet_conformance
