// How the map of an LMDB store grows.
#include "backends/lmdb/map_size.hpp"

#include <cstddef>

#include <doctest/doctest.h>

using stet::lmdb::kMapUnit;
using stet::lmdb::next_map_size;

namespace {

constexpr std::size_t MiB = 1u << 20, GiB = 1u << 30, no_limit = std::size_t{1} << 40;

auto always = [](std::size_t) { return true; };

}  // namespace

TEST_CASE("a map grows by half, and from 2 GiB on by 1 GiB") {
  CHECK(next_map_size(kMapUnit, no_limit, always) == 2 * kMapUnit);
  CHECK(next_map_size(64 * MiB, no_limit, always) == 96 * MiB);
  CHECK(next_map_size(GiB, no_limit, always) == GiB + GiB / 2);
  CHECK(next_map_size(2 * GiB, no_limit, always) == 3 * GiB);
  CHECK(next_map_size(40 * GiB, no_limit, always) == 41 * GiB);
}

TEST_CASE("a map grows up to its limit, and not further") {
  CHECK(next_map_size(64 * MiB, 70 * MiB, always) == 70 * MiB);
  CHECK(next_map_size(70 * MiB, 70 * MiB, always) == 70 * MiB);
  CHECK(next_map_size(71 * MiB, 70 * MiB, always) == 71 * MiB);
  CHECK(next_map_size(70 * MiB - 4096, 70 * MiB, always) == 70 * MiB);
}

TEST_CASE("if there is no address space for a step, a smaller one is made") {
  auto below = [](std::size_t most) { return [most](std::size_t bytes) { return bytes <= most; }; };
  CHECK(next_map_size(GiB, no_limit, below(GiB + GiB / 4)) == GiB + GiB / 4);
  auto some = next_map_size(GiB, no_limit, below(GiB + 100 * MiB));
  CHECK(some > GiB);
  CHECK(some <= GiB + 100 * MiB);
  CHECK(some % kMapUnit == 0);
  CHECK(next_map_size(GiB, no_limit, below(GiB)) == GiB);
}

TEST_CASE("a map of any size comes to its limit by steps that are multiples of its unit") {
  for (std::size_t now = kMapUnit, steps = 0; now < 10 * GiB; ++steps) {
    auto next = next_map_size(now, 10 * GiB, always);
    REQUIRE(next > now);
    CHECK(next % kMapUnit == 0);
    CHECK(steps < 100);
    now = next;
  }
}
