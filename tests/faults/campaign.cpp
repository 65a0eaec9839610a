#include "faults/campaign.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>

#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

namespace stet_faults {
namespace {

constexpr unsigned jobs = 2;

std::string budget() {
  auto* b = std::getenv("STET_FAULT_BUDGET");
  return b ? b : "";
}

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

/// A folder in memory, where a flush costs nothing; on the disk if the machine has none.
std::filesystem::path place() {
  return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
}

tally work(const std::vector<cell>& cells, unsigned job, const std::string& folder) {
  tally t;
  for (std::size_t i = job; i < cells.size(); i += jobs) {
    if (!is_asked_for(cells[i].name)) continue;
    try {
      cells[i].work(folder, t);
    } catch (const std::exception& e) { t.report(cells[i].name + ": " + e.what()); }
  }
  return t;
}

std::string to_line(const tally& t) {
  std::ostringstream out;
  out << t.trials << ' ' << t.hit << ' ' << t.violations << '\n';
  for (auto& [end, n] : t.ends) out << n << ' ' << end << '\n';
  return out.str();
}

bool add(tally& all, const std::string& text) {
  std::istringstream in(text);
  unsigned trials, hit, violations, n;
  if (!(in >> trials >> hit >> violations)) return false;
  all.trials += trials;
  all.hit += hit;
  all.violations += violations;
  std::string end;
  while (in >> n && std::getline(in >> std::ws, end)) all.ends[end] += n;
  return true;
}

tally work_in_parallel(const std::vector<cell>& cells, const std::string& folder) {
  std::vector<std::unique_ptr<stet_tests::child_process>> workers;
  for (unsigned j = 0; j < jobs; ++j)
    workers.push_back(std::make_unique<stet_tests::child_process>([&, j](int pipe) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto t = work(cells, j, folder + "/" + std::to_string(j));
      stet_tests::child_process::tell(pipe, to_line(t));
    }));
  tally all;
  for (auto& w : workers) {
    auto text = w->hear_all();
    auto status = w->wait();
    if (status != 0 || !add(all, text))
      all.report("a part of the campaign broke, status " + std::to_string(status));
  }
  return all;
}

}  // namespace

void tally::take(const trial& t, const std::string& flags) {
  ++trials;
  for (auto& v : t.violated()) report(v + "   [" + flags + "]");
}

void tally::report(const std::string& text) {
  ++violations;
  std::printf("violation: %s\n", text.c_str());
  std::fflush(stdout);
}

std::uint64_t seed() {
  auto* s = std::getenv("STET_FAULT_SEED");
  return s ? std::strtoull(s, nullptr, 10) : 1;
}

bool is_asked_for(const std::string& cell) {
  auto* only = std::getenv("STET_FAULT_ONLY");
  return !only || cell.find(only) != std::string::npos;
}

long how_many(long most, long full) {
  auto b = budget();
  return b.empty() ? most : b == "full" ? full : std::max(1L, std::atol(b.c_str()));
}

std::vector<long> sample(long all, long most, std::uint64_t salt) {
  std::vector<long> some;
  auto many = std::min(all, how_many(most, all));
  if (many <= 0) return some;
  auto offset = static_cast<double>(mixed(seed() * 0x9e3779b97f4a7c15 + salt) % 1000) / 1000;
  for (long i = 0; i < many; ++i)
    some.push_back(1 + static_cast<long>((static_cast<double>(i) + offset) *
                                         static_cast<double>(all) / static_cast<double>(many)));
  return some;
}

std::vector<cell> cells_of(const std::vector<std::string>& scripts, exploration explore) {
  std::vector<cell> cells;
  for (auto& kind : store_kinds())
    for (auto& script : scripts)
      for (std::size_t resident : {0u, 100'000u}) {
        auto name = kind + "/" + script + "/" + std::to_string(resident);
        cells.push_back({name, [=](const std::string& folder, tally& sum) {
                           explore(folder, name, kind, script, resident, sum);
                         }});
      }
  return cells;
}

int run_campaign(const std::string& name, const std::vector<cell>& cells) {
  stet_tests::temporary_directory folder(place());
  auto began = std::chrono::steady_clock::now();
  std::printf("%s: seed %llu%s\n", name.c_str(), static_cast<unsigned long long>(seed()),
              budget().empty() ? "" : (", budget " + budget()).c_str());
  std::fflush(stdout);
  auto all = work_in_parallel(cells, folder.path());
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%s: %u trials, the fault happened in %u, %.1f s: %u violations\n", name.c_str(),
              all.trials, all.hit, took.count(), all.violations);
  for (auto& [end, n] : all.ends) std::printf("%s:   %u %s\n", name.c_str(), n, end.c_str());
  if (all.violations == 0 && all.hit > 0)
    std::printf("%s: none out of %u: a failure's probability is below %.2g at 95 %%\n",
                name.c_str(), all.hit, 3.0 / all.hit);
  if (all.hit == 0) all.report("the fault never happened: nothing was tested");
  return all.violations ? 1 : 0;
}

}  // namespace stet_faults
