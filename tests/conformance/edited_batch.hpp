// Makes a batch from operations, for stores that change the batches that they commit.
#pragma once
#include <vector>

#include <stet/store.hpp>

namespace stet_tests {

inline stet::batch to_batch(const std::vector<stet::batch::operation>& all) {
  using kind = stet::batch::kind;
  stet::batch b;
  for (const auto& o : all) {
    switch (o.what) {
      case kind::put: b.put(o.key, o.value); break;
      case kind::erase: b.erase(o.key); break;
      case kind::erase_range: b.erase_range(o.key, o.value); break;
      case kind::expect:
        b.expect(o.key, o.absent ? std::nullopt : std::optional<std::string>(o.value));
        break;
    }
  }
  return b;
}

/// The first `n` operations of a batch, or those after them.
inline stet::batch first_of(const stet::batch& b, std::size_t n) {
  auto all = b.operations();
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(n), all.end());
  return to_batch(all);
}
inline stet::batch rest_of(const stet::batch& b, std::size_t n) {
  auto all = b.operations();
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
  return to_batch(all);
}

}  // namespace stet_tests
