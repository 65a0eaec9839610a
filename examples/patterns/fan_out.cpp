// Many pieces of work at once, each a run of its own: with its own id, history and retries.
//
// Prints:
//   1000 files, 499500 bytes
#include <cstdio>
#include <exception>
#include <numeric>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <vector>

inline constexpr stet::workflow<int(int)> Measure{"measure"};
inline constexpr stet::workflow<std::string(int)> MeasureAll{"measure-all"};

int size_of(int file) { return file; }

stet::task<int> measure(stet::context& ctx, int file) {
  co_return co_await ctx.step("size", size_of, file);
}

stet::task<std::string> measure_all(stet::context& ctx, int count) {
  std::vector<int> files(static_cast<std::size_t>(count));
  std::iota(files.begin(), files.end(), 0);
  const auto& id = ctx.id();
  // No more than 100 run at a time; the results are in the order of the files.
  auto sizes = co_await stet::map(files, {.concurrency = 100}, [&](stet::context& c, int& file) {
    return c.child(Measure, id + "/" + std::to_string(file), file);
  });
  const auto bytes = std::accumulate(sizes.begin(), sizes.end(), 0);
  co_return std::to_string(sizes.size()) + " files, " + std::to_string(bytes) + " bytes";
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Measure, measure);
  engine.define(MeasureAll, measure_all);
  engine.start();
  std::puts(engine.start(MeasureAll, "all", 1000).result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "fan_out: %s\n", e.what());
  return 1;
}
