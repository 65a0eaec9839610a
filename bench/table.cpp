#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench.hpp"

namespace bench {
namespace {

/// 12345678 as "12,345,678"; small numbers with what behind the point matters.
std::string readable(double v) {
  char text[64];
  if (std::abs(v) < 100) {
    std::snprintf(text, sizeof text, "%.*f", std::abs(v) < 10 ? 2 : 1, v);
    return text;
  }
  std::snprintf(text, sizeof text, "%.0f", v);
  std::string s = text;
  for (int i = static_cast<int>(s.size()) - 3; i > 0 && s[static_cast<std::size_t>(i) - 1] != '-';
       i -= 3)
    s.insert(static_cast<std::size_t>(i), ",");
  return s;
}

std::string line_of(const row& r) {
  char text[200];
  std::snprintf(text, sizeof text, "%-28s %-7s %11s %14s %-16s", r.bench.c_str(), r.store.c_str(),
                readable(static_cast<double>(r.concurrency)).c_str(), readable(r.value).c_str(),
                r.unit.c_str());
  std::string s = text;
  if (r.limit) {
    std::snprintf(text, sizeof text, " %14s %8.2f", readable(*r.limit).c_str(), r.value / *r.limit);
    s += text;
  }
  return s;
}

}  // namespace

void table::add(row r) {
  std::fprintf(stderr, "  %s\n", line_of(r).c_str());
  rows_.push_back(std::move(r));
}

void table::print() const {
  std::printf("\n%-28s %-7s %11s %14s %-16s %14s %8s\n", "bench", "store", "at a time", "value",
              "unit", "limit", "ratio");
  for (auto& r : rows_) std::printf("%s\n", line_of(r).c_str());
  std::printf(
      "\nlimit: the same records appended to a file by hand, as many at a time, with fdatasync; "
      "measured in turns with the value.\nratio: value over limit. A throughput means more when it "
      "is large, a latency when it is small.\n");
}

void table::print_json() const {
  std::printf("[\n");
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    auto& r = rows_[i];
    std::printf(
        "  {\"bench\": \"%s\", \"store\": \"%s\", \"concurrency\": %zu, \"value\": %.6g, \"unit\": "
        "\"%s\"",
        r.bench.c_str(), r.store.c_str(), r.concurrency, r.value, r.unit.c_str());
    if (r.limit) std::printf(", \"limit\": %.6g, \"ratio\": %.4g", *r.limit, r.value / *r.limit);
    std::printf("}%s\n", i + 1 < rows_.size() ? "," : "");
  }
  std::printf("]\n");
}

double percentile(std::vector<double> v, double p) {
  if (v.empty()) return 0;
  auto at = static_cast<std::size_t>(p * static_cast<double>(v.size() - 1));
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(at), v.end());
  return v[at];
}
double median(std::vector<double> v) { return percentile(std::move(v), 0.5); }

}  // namespace bench
