// The charts of the report, drawn by gnuplot.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "bench.hpp"

namespace bench {

struct chart {
  std::string file;   // its name, beside the page
  std::string title;  // what it shows
};

/// Throws std::runtime_error if gnuplot isn't installed.
void need_gnuplot();

/// Draws charts of the rows, as SVG files beside the page: throughput against concurrency, cost
/// against store size, latency distribution. Rows that were not measured give no chart.
/// Throws   std::runtime_error.
std::vector<chart> draw_charts(const std::vector<row>& rows, const std::filesystem::path& page);

}  // namespace bench
