#include "workload.hpp"

#include <algorithm>
#include <map>

namespace stet_powercut {
namespace {

constexpr int kKept = 10;

/// Every number from -kKept on gives a key with the same number of digits.
std::string key_of(int n) { return "k" + std::to_string(2'000'000 + n); }

/// Fifty small values, then fifty large ones, which soon fill any log.
std::string value_of(int n) {
  const int bytes = n % 100 < 50 ? n * 37 % 3000 : 200'000;
  return std::to_string(n) + std::string(static_cast<std::size_t>(bytes), "stet"[n % 4]);
}

}  // namespace

void commit_number(stet::store& s, int n, stet::durability d) {
  stet::batch b;
  b.put("last", std::to_string(n));
  b.put(key_of(n), value_of(n));
  b.erase_range("k", key_of(n - kKept + 1));
  s.commit(b, d);
}

state read_state(stet::store& s) {
  std::map<std::string, std::string> found;
  stet::scan(s, {},
             [&](std::string_view k, std::string_view v) { return found.emplace(k, v).second; });
  state result;
  if (found.empty()) return result;
  const auto last = found.extract("last");
  if (last.empty()) return {0, "there are keys, but not the one that each batch writes"};
  result.last = std::stoi(last.mapped());
  for (int n = std::max(1, result.last - kKept + 1); n <= result.last; ++n) {
    const auto one = found.extract(key_of(n));
    if (one.empty() || one.mapped() != value_of(n)) {
      result.wrong += " batch " + std::to_string(n) + (one.empty() ? " is lost" : " is damaged");
    }
  }
  for (const auto& [k, v] : found) result.wrong += " " + k + " should be erased";
  return result;
}

}  // namespace stet_powercut
