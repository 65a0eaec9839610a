// The chart of the report: throughput over what the disk does, per store, at 1,000 at a time.
#pragma once
#include <string>
#include <vector>

#include "bench.hpp"

namespace bench {

/// An SVG, readable on light and dark ground. Empty if none of its rows was measured.
std::string chart_of(const std::vector<row>& rows);

}  // namespace bench
