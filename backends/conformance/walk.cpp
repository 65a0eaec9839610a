// A random walk: the same operations on a store and on a std::map.
#include <new>

#include "text.hpp"
#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

class walk {
 public:
  explicit walk(trial& t) : trial_(t), random_(t.random()), store_(t.open_fresh()) {}

  /// Returns false once the store and the map differ: later steps would mean nothing.
  bool step() {
    ++steps_;
    try {
      return act();
    } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
      trial_.tell(name(trial_.failed_call()), "no error", detail::words_of(e));
      return false;
    }
  }

  bool compare_all() { return trial_.same(name("a scan"), all_of(model_), scanned(*store_)); }

 private:
  bool act() {
    switch (below(8)) {
      case 0: return compare_get();
      case 1:
      case 2: return compare_scan();
      case 3: return below(6) != 0 || reopen();
      default: return commit();
    }
  }

  std::string name(std::string_view what) const {
    return "step " + std::to_string(steps_) + ": " + std::string(what);
  }

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  /// Draws from a small set, so that batches meet the same keys: short and long ones, and bytes at
  /// both ends of their range.
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

  void add_operation(batch& b) {
    switch (below(10)) {
      case 0: {
        auto from = key(), to = key();
        if (below(3) != 0 && to < from) std::swap(from, to);
        b.erase_range(from, to);
        break;
      }
      case 1:
      case 2: b.erase(key()); break;
      default: {
        auto k = key();  // in this order with every compiler: the seed gives the same walk
        b.put(std::move(k), value());
      }
    }
  }

  /// Adds an expectation, mostly one that holds. Returns whether it holds.
  bool add_expectation(batch& b) {
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

  static void apply(model& m, const batch& b) {
    using kind = batch::kind;
    for (const auto& o : b.operations()) {
      if (o.what == kind::put) m[o.key] = o.value;
      if (o.what == kind::erase) m.erase(o.key);
      if (o.what == kind::erase_range && o.key < o.value) {
        m.erase(m.lower_bound(o.key), m.lower_bound(o.value));
      }
    }
  }

  bool commit() {
    batch b;
    bool holds = true;
    for (std::size_t n = below(20); n > 0; --n) add_operation(b);
    while (below(3) == 0) holds = add_expectation(b) && holds;
    for (std::size_t n = below(3); n > 0; --n) add_operation(b);
    auto d = below(8) == 0 ? durability::sync : durability::process;
    if (!holds) {
      return trial_.refuses(name("a commit with a wrong expectation"), errc::conflict,
                            [&] { store_->commit(b, d); });
    }
    store_->commit(b, d);
    apply(model_, b);
    return true;
  }

  bool compare_get() {
    auto k = key();
    auto it = model_.find(k);
    return trial_.same(name("get"), it == model_.end() ? nothing : std::optional(it->second),
                       store_->get(k));
  }

  bool compare_scan() {
    std::string from = below(4) == 0 ? "" : key(), to = below(4) == 0 ? "" : key();
    bool backward = below(2) == 0;
    std::size_t limit = below(3) == 0 ? 1 + below(5) : SIZE_MAX;
    pairs expected;
    for (const auto& [k, v] : model_) {
      if (k >= from && (to.empty() || k < to)) expected.emplace_back(k, v);
    }
    if (backward) expected = pairs(expected.rbegin(), expected.rend());
    if (expected.size() > limit) expected.resize(limit);
    return trial_.same(name("a scan from " + text_of(std::string_view(from)) + " to " +
                            text_of(std::string_view(to)) + (backward ? ", backward" : "")),
                       expected, scanned(*store_, from, to, backward, limit));
  }

  bool reopen() {
    store_.reset();
    store_ = trial_.open();
    return compare_all();
  }

  trial& trial_;
  std::mt19937_64& random_;
  std::unique_ptr<store> store_;
  model model_;
  int steps_ = 0;
};

void check_walk(trial& t) {
  walk w(t);
  for (int i = 0; i < 1500; ++i) {
    if (!w.step()) return;
  }
  w.compare_all();
}

constexpr clause kClauses[] = {
    {"store: behaves as a std::map with atomic batches, step by step", check_walk},
};

}  // namespace

std::span<const clause> walk_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
