#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench.hpp"

namespace bench {
namespace {

/// Puts a comma before every three digits.
void separate(std::string& s) {
  for (int i = static_cast<int>(s.size()) - 3; i > 0 && s[static_cast<std::size_t>(i) - 1] != '-';
       i -= 3)
    s.insert(static_cast<std::size_t>(i), ",");
}

std::string line_of(const row& r) {
  char text[200];
  std::snprintf(text, sizeof text, "%-28s %-7s %11s %14s %-16s", r.bench.c_str(), r.store.c_str(),
                readable_count(r.concurrency).c_str(), readable(r.value).c_str(), r.unit.c_str());
  std::string s = text;
  if (r.limit) {
    std::snprintf(text, sizeof text, " %14s", readable(*r.limit).c_str());
    s += text;
  }
  if (auto ratio = r.ratio()) {
    std::snprintf(text, sizeof text, " %8.2f", *ratio);
    s += text;
  }
  if (r.runs) s += "  (" + readable_count(r.runs) + " runs in the store)";
  return s;
}

}  // namespace

std::string readable(double v) {
  char text[64];
  if (std::abs(v) < 100) {
    std::snprintf(text, sizeof text, "%.*f", std::abs(v) < 10 ? 2 : 1, v);
    return text;
  }
  std::snprintf(text, sizeof text, "%.0f", v);
  std::string s = text;
  separate(s);
  return s;
}

std::string readable_count(std::size_t n) {
  auto s = std::to_string(n);
  separate(s);
  return s;
}

std::optional<double> row::ratio() const {
  if (!limit || *limit == 0) return std::nullopt;
  return value / *limit;
}

void table::add(row r) {
  std::fprintf(stderr, "  %s\n", line_of(r).c_str());
  rows_.push_back(std::move(r));
}

void table::print() const {
  std::printf("\n%-28s %-7s %11s %14s %-16s %14s %8s\n", "bench", "store", "at a time", "value",
              "unit", "limit", "ratio");
  for (auto& r : rows_) std::printf("%s\n", line_of(r).c_str());
  std::printf(
      "\nlimit: of a throughput or latency, the same records appended to a file by hand, as many "
      "at "
      "a time, with fdatasync, measured in turns with the value; of a growth, the cost where there "
      "is little; else the bound that Stet sets itself.\nratio: value over limit. Of a throughput "
      "more is better, of all others less.\n");
}

void table::print_json() const {
  std::printf("[\n");
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    auto& r = rows_[i];
    std::printf(
        "  {\"bench\": \"%s\", \"store\": \"%s\", \"concurrency\": %zu, \"value\": %.6g, \"unit\": "
        "\"%s\"",
        r.bench.c_str(), r.store.c_str(), r.concurrency, r.value, r.unit.c_str());
    if (r.limit) std::printf(", \"limit\": %.6g", *r.limit);
    if (auto ratio = r.ratio()) std::printf(", \"ratio\": %.4g", *ratio);
    if (r.runs) std::printf(", \"runs\": %zu", r.runs);
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
std::vector<double> percentiles(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  std::vector<double> all;
  for (std::size_t i = 0; i <= 100 && !v.empty(); ++i) all.push_back(v[i * (v.size() - 1) / 100]);
  return all;
}
double median(std::vector<double> v) { return percentile(std::move(v), 0.5); }

}  // namespace bench
