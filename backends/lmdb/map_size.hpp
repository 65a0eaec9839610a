// How the map of an LMDB store grows: by steps for which there is address space.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace stet { inline namespace v0 { namespace lmdb {

// Sizes of the map are multiples of this, whatever the page size is.
inline constexpr std::size_t kMapUnit = 64u << 10;

/// Returns the next size of a map that is too small: larger by half, and by at most 1 GiB, and not
/// above `limit`. If there is no address space for it (`fits` returns false for the size), a step
/// of half the size is tried, and so on. Returns `now` if not even the smallest step fits.
template <class F> std::size_t next_map_size(std::size_t now, std::size_t limit, F fits) {
  if (now >= limit) return now;
  constexpr std::size_t kStepMax = std::size_t{1} << 30;
  std::size_t step = std::min({std::max(now / 2, kMapUnit), kStepMax, limit - now});
  for (;; step /= 2) {
    std::size_t size = (now + step + kMapUnit - 1) / kMapUnit * kMapUnit;
    size = std::min(size, limit);
    if (fits(size)) return size;
    if (step <= kMapUnit) return now;
  }
}

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
