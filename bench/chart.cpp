#include "chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {
namespace {

constexpr std::size_t at_a_time = 1000;
constexpr int left = 90, right = 60, top = 64, bar = 20, gap = 6, between = 26, width = 640;

struct pair_of_bars {
  std::string store;
  double pool = 0, inlined = 0;
};

/// Of the stores on disk: in memory nothing is durable.
std::vector<pair_of_bars> bars_of(const std::vector<row>& rows) {
  std::vector<pair_of_bars> all;
  for (auto& r : rows) {
    bool pool = r.bench == "throughput", inlined = r.bench == "throughput_inline";
    if ((!pool && !inlined) || r.concurrency != at_a_time || r.store == "memory" || !r.ratio())
      continue;
    auto at = std::find_if(all.begin(), all.end(), [&](auto& b) { return b.store == r.store; });
    if (at == all.end()) at = all.insert(at, {r.store});
    (pool ? at->pool : at->inlined) = *r.ratio();
  }
  return all;
}

template <class... T> std::string formatted(const char* format, T... values) {
  char text[400];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

constexpr const char* style = R"(<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px }
  .pool { fill: #0969da } .inline { fill: #bc4c00 } .line { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .pool { fill: #58a6ff } .inline { fill: #f0883e } .line { stroke: #444c56 }
  }
</style>
)";

/// One bar, with its number behind it.
std::string bar_at(int y, double value, double scale, const char* kind) {
  auto length = value * scale;
  return formatted("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", kind,
                   left, y, length, bar) +
         formatted("<text x=\"%.1f\" y=\"%d\">%.2f</text>\n", left + length + 6, y + 15, value);
}

std::string legend(int x, const char* kind, const char* text) {
  return formatted("<rect class=\"%s\" x=\"%d\" y=\"36\" width=\"12\" height=\"12\"/>\n", kind, x) +
         formatted("<text x=\"%d\" y=\"47\">%s</text>\n", x + 18, text);
}

}  // namespace

std::string chart_of(const std::vector<row>& rows) {
  auto bars = bars_of(rows);
  if (bars.empty()) return {};
  double most = 0;
  for (auto& b : bars) most = std::max({most, b.pool, b.inlined});
  auto end = std::max(std::ceil(most * 10) / 10, 0.1);  // of the axis, in whole tenths
  auto scale = (width - left - right) / end;
  auto bottom = top + static_cast<int>(bars.size()) * (2 * bar + gap + between);
  auto svg = formatted(
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                 "height=\"%d\" role=\"img\" aria-label=\"Throughput over what the disk does\">\n",
                 width, bottom + 30, width, bottom + 30) +
             style;
  svg +=
      "<text class=\"title\" x=\"12\" y=\"22\">Durable steps per second over raw append and "
      "fdatasync, 1,000 at a time</text>\n";
  svg += legend(left, "pool", "bodies on a pool") + legend(left + 160, "inline", "bodies inline");
  auto ticks = std::lround(end * 10);
  auto each = std::max(ticks / 5, 1l);  // not more than fit
  for (long i = 0; i <= ticks; i += each) {
    auto x = left + static_cast<double>(i) / 10 * scale;
    svg += formatted("<line class=\"line\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", x,
                     top - 6, x, bottom - between / 2);
    svg += formatted("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.1f</text>\n", x,
                     bottom + 8, static_cast<double>(i) / 10);
  }
  auto y = top;
  for (auto& b : bars) {
    svg += formatted("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left - 10,
                     y + bar + 8, b.store.c_str());
    svg += bar_at(y, b.pool, scale, "pool");
    svg += bar_at(y + bar + gap, b.inlined, scale, "inline");
    y += 2 * bar + gap + between;
  }
  return svg + "</svg>\n";
}

}  // namespace bench
