// A random walk over a store and a std::map, side by side.
#include <doctest/doctest.h>

#include "support.hpp"

namespace stet_conformance {
namespace {

class walk {
 public:
  walk(const target& t, std::uint64_t seed) : target_(t), random_(seed), store_(open_fresh(t)) {}

  void step() {
    switch (below(8)) {
      case 0: compare_get(); break;
      case 1:
      case 2: compare_scan(); break;
      case 3:
        if (below(6) == 0) reopen();
        break;
      default: commit(); break;
    }
  }

  void compare_all() { REQUIRE((scanned(*store_) == all_of(model_))); }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  /// Few enough that batches meet the same ones; short and long, with the bytes at the edges.
  std::string key() {
    static constexpr char bytes[] = {'\0', '\1', 'a', 'b', '\x7f', '\x80', '\xfe', '\xff'};
    std::string k;
    std::size_t n = below(20) == 0 ? 505 + below(7) : 1 + below(3);
    while (k.size() < n) k += n > 3 ? bytes[below(2) * 7] : bytes[below(8)];
    return k;
  }

  std::string value() {
    std::size_t n = below(30) == 0 ? below(100000) : below(4) == 0 ? 0 : below(200);
    return std::string(n, static_cast<char>('a' + below(26)));
  }

  void add_operation(stet::batch& b) {
    switch (below(10)) {
      case 0: {
        auto from = key(), to = key();
        if (below(3) != 0 && to < from) std::swap(from, to);
        b.erase_range(from, to);
        break;
      }
      case 1:
      case 2: b.erase(key()); break;
      default: b.put(key(), value()); break;
    }
  }

  /// Mostly true ones. True if it is.
  bool add_expectation(stet::batch& b) {
    auto k = key();
    auto it = model_.find(k);
    std::optional<std::string> now;
    if (it != model_.end()) now = it->second;
    if (below(4) != 0) {
      b.expect(k, now);
      return true;
    }
    now = now ? std::nullopt : std::optional<std::string>("wrong");
    b.expect(k, now);
    return false;
  }

  static void apply(model& m, const stet::batch& b) {
    using kind = stet::batch::kind;
    for (const auto& o : b.operations()) {
      if (o.what == kind::put) m[o.key] = o.value;
      if (o.what == kind::erase) m.erase(o.key);
      if (o.what == kind::erase_range && o.key < o.value) {
        m.erase(m.lower_bound(o.key), m.lower_bound(o.value));
      }
    }
  }

  void commit() {
    stet::batch b;
    bool holds = true;
    for (std::size_t n = below(20); n > 0; --n) add_operation(b);
    while (below(3) == 0) holds = add_expectation(b) && holds;
    for (std::size_t n = below(3); n > 0; --n) add_operation(b);
    auto d = below(8) == 0 ? stet::durability::sync : stet::durability::process;
    auto e = error_of([&] { store_->commit(b, d); });
    REQUIRE(holds == !e.has_value());
    if (holds) apply(model_, b);
    if (!holds) REQUIRE(e->code() == stet::errc::conflict);
  }

  void compare_get() {
    auto k = key();
    auto it = model_.find(k);
    auto found = store_->get(k);
    REQUIRE(found.has_value() == (it != model_.end()));
    if (found) REQUIRE(*found == it->second);
  }

  void compare_scan() {
    std::string from = below(4) == 0 ? "" : key(), to = below(4) == 0 ? "" : key();
    bool backward = below(2) == 0;
    std::size_t limit = below(3) == 0 ? 1 + below(5) : SIZE_MAX;
    pairs expected;
    for (const auto& [k, v] : model_) {
      if (k >= from && (to.empty() || k < to)) expected.emplace_back(k, v);
    }
    if (backward) expected = pairs(expected.rbegin(), expected.rend());
    if (expected.size() > limit) expected.resize(limit);
    REQUIRE((scanned(*store_, from, to, backward, limit) == expected));
  }

  void reopen() {
    store_.reset();
    store_ = target_.open();
    compare_all();
  }

  const target& target_;
  std::mt19937_64 random_;
  std::unique_ptr<stet::store> store_;
  model model_;
};

}  // namespace

void check_random_walk(const target& t) {
  SUBCASE("store: behaves as a std::map with atomic batches, step by step") {
    const auto s = seed();
    MESSAGE("STET_SEED=", s);
    walk w(t, s);
    for (int i = 0; i < 1500; ++i) {
      CAPTURE(i);
      w.step();
    }
    w.compare_all();
  }
}

}  // namespace stet_conformance
