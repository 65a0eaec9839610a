// How the cost of one thing grows with their number: the cost with ten times as many over the cost
// with as many. About 1 means that all of them together cost in proportion to their number.
//
// One thread does everything, in manual mode, durable for the process only; measured is processor
// time of the process. So a row says what the engine itself does, not the disk.
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "clocks.hpp"
#include "place.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;  // NOLINT: 1h, 6min

inline constexpr stet::workflow<int(int)> Pending{"pending"};
inline constexpr stet::workflow<int(int)> Capturing{"capturing"};
inline constexpr stet::workflow<int(int)> Steps{"steps"};
inline constexpr stet::workflow<int(int)> Described{"described"};
inline constexpr stet::workflow<int(int)> Listening{"listening"};
inline constexpr stet::workflow<int(int)> Failing{"failing"};
inline constexpr stet::signal<int> Wanted{"wanted"};
inline constexpr stet::signal<int> Unwanted{"unwanted"};

std::vector<stet::completion<int>> kept;  // of the steps that are pending

std::vector<int> numbers(int n) { return std::vector<int>(static_cast<std::size_t>(n), 1); }

/// Waits for n steps at once, whose bodies return and leave them pending.
stet::task<int> pending(stet::context&, int n) {
  auto all = numbers(n);
  auto got = co_await stet::map(all, [](stet::context& c, int&) {
    return c.step(
        "s", stet::owning([](stet::completion<int> done) { kept.push_back(std::move(done)); }));
  });
  co_return static_cast<int>(got.size());
}
/// The same for one step, whose body refers to a variable of the run.
stet::task<int> capturing(stet::context& ctx, int n) {
  co_return n + co_await ctx.step("s", [&n](stet::completion<int> done) {
    if (n >= 0) kept.push_back(std::move(done));
  });
}
/// Makes n steps at once.
stet::task<int> steps(stet::context&, int n) {
  auto all = numbers(n);
  auto got = co_await stet::map(
      all, [](stet::context& c, int& i) { return c.step("s", [](int x) { return x; }, i); });
  co_return static_cast<int>(got.size());
}
/// Waits for n steps at once, whose arguments are too long for the state of their run.
stet::task<int> described(stet::context&, int n) {
  std::vector<std::string> all(static_cast<std::size_t>(n), std::string(100, 'x'));
  auto got = co_await stet::map(all, [](stet::context& c, std::string& text) {
    return c.step("s", stet::owning([](stet::completion<int> done, const std::string&) {
                    kept.push_back(std::move(done));
                  }),
                  text);
  });
  co_return static_cast<int>(got.size());
}
/// Waits for n signals at once.
stet::task<int> listening(stet::context&, int n) {
  auto all = numbers(n);
  auto got = co_await stet::map(all, [](stet::context& c, int&) { return c.receive(Wanted); });
  co_return static_cast<int>(got.size());
}
/// Has one step, which fails every hour.
stet::task<int> failing(stet::context& ctx, int) {
  co_return co_await ctx.step("s", {.retry = {.initial_interval = 1h, .backoff = 1, .jitter = 0}},
                              stet::owning([]() -> int { throw std::runtime_error("no"); }));
}

/// An engine over an empty store, on this thread.
/// Failures are what some of the work is made of: they are no news.
struct silence final : stet::listener {
  void problem(std::string_view) override {}
};

class place_of_work {
 public:
  place_of_work(const job& j, const std::string& store, std::size_t residents = 1'000'000)
      : where_(j.set.dir),
        e(open_store(store, where_), {.threads = 0,
                                      .resident_runs_max = residents,
                                      .commits = stet::durability::process,
                                      .clock = &time,
                                      .listener = &nobody}) {
    kept.clear();
    e.define(Pending, pending);
    e.define(Capturing, capturing);
    e.define(Steps, steps);
    e.define(Described, described);
    e.define(Listening, listening);
    e.define(Failing, failing);
    e.start();
  }
  place_of_work(const place_of_work&) = delete;
  place_of_work& operator=(const place_of_work&) = delete;
  ~place_of_work() {
    for (auto& done : kept) done.resolve(1);
    kept.clear();
  }
  /// Starts n runs that wait for a signal.
  void start_many(int n) {
    std::vector<std::pair<std::string, std::tuple<int>>> runs;
    for (int i = 0; i < n; ++i) {
      runs.emplace_back("run-" + std::to_string(i), 1);
      if (runs.size() < 1000 && i + 1 < n) continue;
      e.start_all(Listening, runs);
      runs.clear();
    }
    e.run_until_idle();
  }

 private:
  folder where_;

 public:
  shifted_clock time;
  silence nobody;
  stet::engine e;
};

/// Returns the nanoseconds that `f` takes for each of n things.
double cost_of_each(int n, const std::function<void()>& f) {
  auto begin = processor_time();
  f();
  return (processor_time() - begin) / n;
}

double of_cancel(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  auto run = p.e.start(Pending, "a", n);
  p.e.run_until_idle();
  return cost_of_each(n, [&] {
    run.cancel();
    p.e.run_until_idle();
  });
}

double of_steps(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  return cost_of_each(n, [&] {
    p.e.start(Steps, "a", n);
    p.e.run_until_idle();
  });
}

double of_steps_without_residents(const job& j, const std::string& store, int n) {
  place_of_work p(j, store, 0);
  return cost_of_each(n, [&] {
    p.e.start(Steps, "a", n);
    p.e.run_until_idle();
  });
}

double of_unread_signals(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  auto run = p.e.start(Listening, "a", 1);
  return cost_of_each(n, [&] {
    for (int i = 0; i < n; ++i) run.signal(Unwanted, i);
  });
}

double of_waits(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  auto run = p.e.start(Listening, "a", n);
  return cost_of_each(n, [&] {
    for (int i = 0; i < n; ++i) run.signal(Wanted, i);
  });
}

/// The signals to one run beside n others whose coroutines can't be destroyed.
double of_held_frames(const job& j, const std::string& store, int n) {
  place_of_work p(j, store, 10);
  for (int i = 0; i < n; ++i) p.e.start(Capturing, "held-" + std::to_string(i), 1);
  p.e.run_until_idle();
  auto run = p.e.start(Listening, "a", 1);
  return cost_of_each(n, [&] {
    for (int i = 0; i < n; ++i) run.signal(Unwanted, i);
  });
}

double of_describe(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  p.e.start(Described, "a", n);
  p.e.run_until_idle();
  return cost_of_each(n, [&] { (void)p.e.admin().describe("a"); });
}

double of_open_runs(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  p.start_many(n);
  return cost_of_each(n, [&] { (void)p.e.admin().open_runs(); });
}

double of_list(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  p.start_many(n);
  return cost_of_each(n, [&] {
    std::string cursor;
    do {
      auto page = p.e.admin().list({}, {.page_size = 1000, .cursor = cursor});
      cursor = page.next;
    } while (!cursor.empty());
  });
}

double of_retries(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  p.e.start(Failing, "a", 1);
  return cost_of_each(n, [&] {
    for (int i = 0; i < n; ++i) {
      p.e.run_until_idle();
      p.time.ahead += 1h;
    }
  });
}

double of_heartbeats(const job& j, const std::string& store, int n) {
  place_of_work p(j, store);
  p.e.start(Pending, "a", 1);
  p.e.run_until_idle();
  return cost_of_each(n, [&] {
    for (int i = 0; i < n; ++i) {
      kept.front().heartbeat(i);
      p.e.run_until_idle();
      p.time.ahead += 6min;  // otherwise no heartbeat after the first would be recorded
    }
  });
}

struct growing_work {
  const char* name;
  const char* unit;
  double (*cost)(const job&, const std::string& store, int n);
  int most;  // things; a tenth of them is the limit
};

constexpr int hours_of_a_year = 8'760;
constexpr growing_work works[] = {
    {"growth_cancel", "ns/step", of_cancel, 40'000},
    {"growth_steps", "ns/step", of_steps, 40'000},
    {"growth_no_residents", "ns/step", of_steps_without_residents, 40'000},
    {"growth_unread", "ns/signal", of_unread_signals, 40'000},
    {"growth_waits", "ns/signal", of_waits, 40'000},
    {"growth_held", "ns/signal", of_held_frames, 20'000},
    {"growth_describe", "ns/step", of_describe, 4'000},
    {"growth_open_runs", "ns/run", of_open_runs, 40'000},
    {"growth_list", "ns/run", of_list, 40'000},
    {"growth_retries", "ns/retry", of_retries, hours_of_a_year},
    {"growth_heartbeats", "ns/heartbeat", of_heartbeats, 10 * hours_of_a_year},
};

}  // namespace

void measure_growth_of_work(const job& j) {
  const int rounds = j.set.quick ? 1 : 3, part = j.set.quick ? 10 : 1;
  for (auto& w : works) {
    if (!j.wants(w.name) && !j.wants("growth_of_work")) continue;
    for (auto& store : j.stores()) {
      if (store != "memory" && j.set.store.empty()) continue;  // it is the engine's work
      std::vector<double> few, many;
      for (int i = 0; i < rounds; ++i) {
        few.push_back(w.cost(j, store, w.most / part / 10));
        many.push_back(w.cost(j, store, w.most / part));
      }
      j.out.add({w.name, store, static_cast<std::size_t>(w.most / part), median(many), w.unit,
                 median(few)});
    }
  }
}

}  // namespace bench
