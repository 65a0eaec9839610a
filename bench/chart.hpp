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

/// Throws std::runtime_error if there is no gnuplot.
void need_gnuplot();

/// Draws what the rows give, as SVG beside the page: throughput against concurrency, cost against
/// store size, latency distribution. Of what was not measured there is no chart.
/// Throws   std::runtime_error.
std::vector<chart> draw_charts(const std::vector<row>& rows, const std::filesystem::path& page);

}  // namespace bench
