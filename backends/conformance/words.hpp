// Words for tests of stores: batches in one expression, scans as lists, errors as values.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace conformance {

using pairs = std::vector<std::pair<std::string, std::string>>;
using model = std::map<std::string, std::string>;

/// The pairs that a scan visits, at most `limit`.
inline pairs scanned(store& s, std::string_view from = {}, std::string_view to = {},
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
  void commit_to(store& s, durability d = durability::sync) { s.commit(b_, d); }

 private:
  batch b_;
};

inline void put(store& s, std::string key, std::string value) {
  batch b;
  b.put(std::move(key), std::move(value));
  s.commit(b, durability::sync);
}

/// Returns the store_error that `f` throws, or nullopt.
template <class F> std::optional<store_error> error_of(F&& f) {
  try {
    f();
    return std::nullopt;
  } catch (const store_error& e) { return e; }
}

/// Returns true if `f` throws a store_error with this code.
template <class F> bool fails_as(errc code, F&& f) {
  auto e = error_of(f);
  return e && e->code() == code;
}

/// Returns true if `f` throws a store_error with this code which says that nothing was written.
template <class F> bool refused_as(errc code, F&& f) {
  auto e = error_of(f);
  return e && e->code() == code && e->outcome() == commit_outcome::refused;
}

}  // namespace conformance
}  // namespace v0
}  // namespace stet
