// Words that the conformance cases share.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/store.hpp>

#include "conformance.hpp"

namespace stet_conformance {

using pairs = std::vector<std::pair<std::string, std::string>>;
using model = std::map<std::string, std::string>;

/// A new, empty store.
inline std::unique_ptr<stet::store> open_fresh(const target& t) {
  t.fresh();
  return t.open();
}

/// What a scan visits, at most `limit` pairs.
inline pairs scanned(stet::store& s, std::string_view from = {}, std::string_view to = {},
                     bool backward = false, std::size_t limit = SIZE_MAX) {
  pairs found;
  if (limit == 0) return found;
  stet::scan(s, {from, to, backward}, [&](std::string_view k, std::string_view v) {
    found.emplace_back(k, v);
    return found.size() < limit;
  });
  return found;
}

inline pairs all_of(const model& m) { return {m.begin(), m.end()}; }

/// A batch in one expression.
class batch_of {
 public:
  batch_of& put(std::string k, std::string v) {
    b_.put(std::move(k), std::move(v));
    return *this;
  }
  batch_of& erase(std::string k) {
    b_.erase(std::move(k));
    return *this;
  }
  batch_of& erase_range(std::string f, std::string t) {
    b_.erase_range(std::move(f), std::move(t));
    return *this;
  }
  batch_of& expect(std::string k, std::optional<std::string> v) {
    b_.expect(std::move(k), std::move(v));
    return *this;
  }
  void commit_to(stet::store& s, stet::durability d = stet::durability::sync) { s.commit(b_, d); }

 private:
  stet::batch b_;
};

inline void put(stet::store& s, std::string key, std::string value) {
  stet::batch b;
  b.put(std::move(key), std::move(value));
  s.commit(b, stet::durability::sync);
}

/// The store_error that `f` throws, or nothing.
template <class F> std::optional<stet::store_error> error_of(F&& f) {
  try {
    f();
    return std::nullopt;
  } catch (const stet::store_error& e) { return e; }
}

/// True if `f` throws a store_error of that kind.
template <class F> bool fails_as(stet::errc code, F&& f) {
  auto e = error_of(f);
  return e && e->code() == code;
}

/// True if `f` throws a store_error of that kind which says that nothing was written.
template <class F> bool refused_as(stet::errc code, F&& f) {
  auto e = error_of(f);
  return e && e->code() == code && e->outcome() == stet::commit_outcome::refused;
}

/// STET_SEED, or a new one.
inline std::uint64_t seed() {
  if (const char* given = std::getenv("STET_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

}  // namespace stet_conformance
