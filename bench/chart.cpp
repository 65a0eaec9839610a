#include "chart.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>

namespace bench {
namespace {

struct point {
  double x, y;
};
/// One line of a chart. The style is gnuplot's: "lt 1 dt 2".
struct line {
  std::string title;
  std::string style;
  std::vector<point> points;
};

/// Returns the colour of a store, so that it looks the same in every chart.
std::string colour_of(const std::string& store) {
  const std::map<std::string, const char*> colours = {
      {"memory", "#6e7781"}, {"lmdb", "#0969da"}, {"rocksdb", "#bc4c00"}, {"sqlite", "#1a7f37"}};
  auto found = colours.find(store);
  return std::string("lc rgb '") + (found == colours.end() ? "#24292f" : found->second) + "'";
}

/// Runs gnuplot over a script. Its messages go to standard error.
void run_gnuplot(const std::string& script) {
  auto* pipe = ::popen("gnuplot", "w");  // NOLINT(cert-env33-c): a fixed name, no user's words
  if (!pipe) throw std::runtime_error("can't start gnuplot");
  bool written = std::fwrite(script.data(), 1, script.size(), pipe) == script.size();
  if (::pclose(pipe) != 0 || !written) throw std::runtime_error("gnuplot failed, see above");
}

std::string number(double v) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", v);
  return text;
}

struct axes {
  std::string title, x, y, settings;
};

void draw(const std::filesystem::path& file, const axes& a, const std::vector<line>& lines) {
  std::string s =
      "set terminal svg size 760,460 font 'sans-serif,13' background '#ffffff'\n"
      "set output '" +
      file.string() +
      "'\nset grid lc rgb '#d0d7de' lt 1 lw 0.5\nset border 3 lc rgb '#57606a'\nset tics nomirror\n"
      "set key below\n";
  s += "set title \"" + a.title + "\"\nset xlabel \"" + a.x + "\"\nset ylabel \"" + a.y + "\"\n";
  s += a.settings;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    s += "$line" + std::to_string(i) + " << EOD\n";
    for (auto& p : lines[i].points) s += number(p.x) + " " + number(p.y) + "\n";
    s += "EOD\n";
  }
  s += "plot ";
  for (std::size_t i = 0; i < lines.size(); ++i)
    s += (i ? ", " : "") + ("$line" + std::to_string(i)) + " with " + lines[i].style + " title \"" +
         lines[i].title + "\"";
  run_gnuplot(s + "\n");
}

/// Returns the line with that title; makes it if there is none.
line& line_called(std::vector<line>& all, const std::string& title, const std::string& style) {
  auto found = std::find_if(all.begin(), all.end(), [&](auto& l) { return l.title == title; });
  return found == all.end() ? all.emplace_back(line{title, style, {}}) : *found;
}

constexpr const char* raw_style = "linespoints lc rgb '#24292f' dt 3 lw 1.5 pt 0";

std::vector<line> throughput_lines(const std::vector<row>& rows) {
  std::vector<line> all;
  std::map<std::size_t, std::vector<double>> limits;
  for (auto& r : rows) {
    bool is_inline = r.bench == "throughput_inline";
    if (r.store == "memory" || !r.limit || (!is_inline && r.bench != "throughput")) continue;
    auto style = "linespoints lw 2 pt 7 ps 0.5 " + colour_of(r.store) + (is_inline ? "" : " dt 2");
    line_called(all, r.store + (is_inline ? ", inline" : ", pool"), style)
        .points.push_back({static_cast<double>(r.concurrency), r.value});
    limits[r.concurrency].push_back(*r.limit);
  }
  if (all.empty()) return all;
  line raw{"append + fdatasync", raw_style, {}};
  for (auto& [n, values] : limits) raw.points.push_back({static_cast<double>(n), median(values)});
  all.push_back(raw);
  return all;
}

std::vector<line> growth_lines(const std::vector<row>& rows) {
  std::vector<line> all;
  for (auto& r : rows) {
    if (r.bench != "growth_store" || !r.ratio()) continue;
    auto& l = line_called(all, r.store, "linespoints lw 2 pt 7 ps 0.5 " + colour_of(r.store));
    if (l.points.empty()) l.points.push_back({1000, 1});
    l.points.push_back({static_cast<double>(r.runs), *r.ratio()});
  }
  return all;
}

std::vector<line> latency_lines(const std::vector<row>& rows) {
  std::vector<line> all;
  auto add = [&](const std::string& title, const std::string& style, auto& spread) {
    auto& l = line_called(all, title, style);
    for (std::size_t i = 0; i < spread.size(); ++i)
      l.points.push_back({spread[i], static_cast<double>(i)});
  };
  for (auto& r : rows) {
    if (r.bench != "latency_inline_p50" || r.store == "memory" || r.spread.empty()) continue;
    add(r.store, "lines lw 2 " + colour_of(r.store), r.spread);
    add("append, beside " + r.store, "lines lw 1 dt 3 " + colour_of(r.store), r.limit_spread);
  }
  return all;
}

}  // namespace

void need_gnuplot() {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0)  // NOLINT: a fixed line, at the start
    throw std::runtime_error(
        "--report draws its charts with gnuplot, which isn't here: install gnuplot-nox");
}

std::vector<chart> draw_charts(const std::vector<row>& rows, const std::filesystem::path& page) {
  struct kind {
    const char* name;
    axes how;
    std::vector<line> (*lines)(const std::vector<row>&);
  };
  const kind kinds[] = {
      {"throughput",
       {"Throughput against concurrency", "runs at a time", "durable steps per second",
        "set logscale xy\nset format y '%.0s%c'\nset format x '%.0s%c'\n"},
       throughput_lines},
      {"growth",
       {"Cost of a step against runs in the store", "runs in the store",
        "cost, over that with 1,000 runs",
        "set logscale x\nset format x '%.0s%c'\nset xrange [1000:*]\nset yrange [0:*]\n"},
       growth_lines},
      {"latency",
       {"Latency of one inline step", "microseconds", "percent of the steps that took no longer",
        "set logscale x\nset yrange [0:100]\nset xtics (200,300,500,1000,2000,5000)\n"},
       latency_lines},
  };
  std::vector<chart> drawn;
  for (auto& k : kinds) {
    auto lines = k.lines(rows);
    if (lines.empty()) continue;
    auto file = page;
    file.replace_filename(page.stem().string() + "-" + k.name + ".svg");
    draw(file, k.how, lines);
    drawn.push_back({file.filename().string(), k.how.title});
  }
  return drawn;
}

}  // namespace bench
