// Simulations of the whole engine, each from one seed.
//
//   simulate [--seeds N] [--from S]   those of seeds.txt, then N new ones; each is played twice,
//   with
//                                     the same outcome
//   simulate --minutes M              as many as there is time for
//   simulate --seed S                 one, with its trace
//   simulate --seed-fault NAME        with a fault in the engine: 1 if it is found; --faults lists
//                                     the names
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "simulation/simulation.hpp"

namespace stet_simulation { namespace {

struct arguments {
  std::uint64_t seeds = 1000, from = 1, seed = 0;
  double minutes = 0;
  std::string fault, file = STET_SIMULATION_SEEDS;
  bool once = false, one = false, list = false;
};

arguments parse(int count, char** texts) {
  arguments a;
  for (int i = 1; i < count; ++i) {
    std::string name = texts[i];
    if (name == "--once") a.once = true;
    else if (name == "--faults") a.list = true;
    else if (i + 1 == count) throw std::invalid_argument(name + " is unknown, or lacks its value");
    else if (name == "--seeds") a.seeds = std::stoull(texts[++i]);
    else if (name == "--from") a.from = std::stoull(texts[++i]);
    else if (name == "--seed") a.one = true, a.seed = std::stoull(texts[++i]);
    else if (name == "--minutes") a.minutes = std::stod(texts[++i]);
    else if (name == "--seed-fault") a.fault = texts[++i];
    else throw std::invalid_argument("unknown argument " + name);
  }
  return a;
}

volatile std::uint64_t playing = 0;  // the seed

/// A host that dies is a violation as well. The stack may be used up, so this runs on one of its
/// own.
void die(int number) {
  std::array<char, 100> text{};
  auto n = std::snprintf(text.data(), text.size(),
                         "violation: the process died of signal %d   [--seed %llu]\n", number,
                         static_cast<unsigned long long>(playing));
  (void)!::write(STDOUT_FILENO, text.data(), static_cast<std::size_t>(n));
  ::_exit(1);
}
void report_deaths() {
  static std::array<char, 64 << 10> stack;
  stack_t own{};
  own.ss_sp = stack.data();
  own.ss_size = stack.size();
  ::sigaltstack(&own, nullptr);
  struct sigaction action{};
  action.sa_handler = die;
  action.sa_flags = SA_ONSTACK;
  for (int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) ::sigaction(number, &action, nullptr);
}

/// The first lines that differ.
std::string difference(const std::string& a, const std::string& b) {
  std::istringstream one(a), two(b);
  std::string x, y;
  for (int line = 1; std::getline(one, x) && std::getline(two, y); ++line)
    if (x != y) return "line " + std::to_string(line) + " '" + x + "', and then '" + y + "'";
  return "one goes on, or the store differs";
}

class totals {
 public:
  explicit totals(const arguments& a) : arguments_(a) {}

  /// Returns false if the simulation found something wrong.
  bool take(std::uint64_t seed) {
    playing = seed;
    auto r = simulate(seed, !arguments_.once);
    if (!arguments_.once) {
      auto again = simulate(seed, true);
      if (again.trace_hash != r.trace_hash || again.store_hash != r.store_hash)
        r.violations.emplace_back("the same seed came to something else: " +
                                  difference(r.trace, again.trace));
    }
    ++seeds;
    sum_.operations += r.operations, sum_.runs += r.runs, sum_.crashes += r.crashes;
    sum_.restarts += r.restarts, sum_.power_cuts += r.power_cuts;
    sum_.faults += r.faults, sum_.rare += r.rare;
    for (auto& [kind, n] : r.kinds) sum_.kinds[kind] += n;
    for (auto& v : r.violations)
      std::printf("violation: %s   [--seed %llu]\n", v.c_str(),
                  static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    failed += !r.violations.empty();
    return r.violations.empty();
  }
  void print() const {
    std::printf(
        "%llu seeds, %u calls, %u runs asked for, %u crashes, %u restarts, %u power cuts, %u "
        "faults of the store, %u rare turns\n",
        static_cast<unsigned long long>(seeds), sum_.operations, sum_.runs, sum_.crashes,
        sum_.restarts, sum_.power_cuts, sum_.faults, sum_.rare);
    for (auto& [kind, n] : sum_.kinds) std::printf("  %s %u", kind.c_str(), n);
    std::printf("\n");
    if (failed == 0)
      std::printf("none failed: with 95 %% confidence fewer than %.4f %% of such seeds do (3/n)\n",
                  300.0 / static_cast<double>(seeds));
    else std::printf("%llu failed\n", static_cast<unsigned long long>(failed));
  }
  std::uint64_t seeds = 0, failed = 0;

 private:
  const arguments& arguments_;
  report sum_;
};

std::vector<std::uint64_t> kept_seeds(const std::string& file) {
  std::vector<std::uint64_t> all;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') all.push_back(std::stoull(line));
  return all;
}

int show(std::uint64_t seed) {
  playing = seed;
  auto r = simulate(seed, true);
  std::printf("%s", r.trace.c_str());
  for (auto& v : r.violations) std::printf("violation: %s\n", v.c_str());
  std::printf("trace %016llx, store %016llx\n", static_cast<unsigned long long>(r.trace_hash),
              static_cast<unsigned long long>(r.store_hash));
  return r.violations.empty() ? 0 : 1;
}

int run(const arguments& a) {
  if (a.list) {
    for (auto& name : fault_names()) std::printf("%s\n", name.c_str());
    return 0;
  }
  if (!a.fault.empty() && !seed_fault(a.fault))
    throw std::invalid_argument("there is no fault called " + a.fault);
  if (a.one) return show(a.seed);
  totals t(a);
  bool is_control = !a.fault.empty();
  if (!is_control)
    for (auto seed : kept_seeds(a.file)) t.take(seed);
  auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(a.minutes * 60);
  auto more = [&](std::uint64_t i) {
    return a.minutes > 0 ? std::chrono::steady_clock::now() < end : i < a.seeds;
  };
  for (std::uint64_t i = 0; more(i); ++i) {
    if (t.take(a.from + i)) continue;
    if (is_control)
      return std::printf("found by seed number %llu\n", static_cast<unsigned long long>(i) + 1), 1;
    std::ofstream(a.file, std::ios::app) << a.from + i << "\n";
  }
  t.print();
  return t.failed ? 1 : 0;
}

}}  // namespace stet_simulation

int main(int count, char** texts) {
  try {
    stet_simulation::report_deaths();
    return stet_simulation::run(stet_simulation::parse(count, texts));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "simulate: %s\n", e.what());
    return 2;
  }
}
