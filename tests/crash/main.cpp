// The crash suite: scripted workflows, killed at every failpoint, restarted, and held against the
// invariants.
//
//   crash                        a sample of all trials, which takes less than a minute
//   STET_CRASH_BUDGET=full crash every failpoint of every script in every configuration
//   crash --seed-fault NAME      with a fault in the engine: must find violations
//   crash --faults               the names of those faults
//   crash --script S --config C --at N [--second M] [--again]   one trial once more, with all its
//   facts
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>

#include "crash/trial.hpp"
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

namespace stet_crash { namespace {

struct arguments {
  std::string script, config, fault;
  unsigned at = 0, second = 0, jobs = 2, every = 32, seed = 1;
  bool again = false, one = false, first = false, list = false;
};

arguments parse(int count, char** texts) {
  arguments a;
  auto* budget = std::getenv("STET_CRASH_BUDGET");
  if (budget)
    a.every = std::string(budget) == "full" ? 1 : static_cast<unsigned>(std::atoi(budget));
  for (int i = 1; i < count; ++i) {
    std::string name = texts[i];
    if (name == "--again") a.again = true;
    else if (name == "--first") a.first = true;
    else if (name == "--faults") a.list = true;
    else if (i + 1 == count) throw std::invalid_argument(name + " lacks its value");
    else if (name == "--script") a.script = texts[++i];
    else if (name == "--config") a.config = texts[++i];
    else if (name == "--seed-fault") a.fault = texts[++i];
    else if (name == "--at") a.one = true, a.at = static_cast<unsigned>(std::stoul(texts[++i]));
    else if (name == "--second") a.second = static_cast<unsigned>(std::stoul(texts[++i]));
    else if (name == "--jobs") a.jobs = static_cast<unsigned>(std::stoul(texts[++i]));
    else if (name == "--every") a.every = static_cast<unsigned>(std::stoul(texts[++i]));
    else if (name == "--seed") a.seed = static_cast<unsigned>(std::stoul(texts[++i]));
    else throw std::invalid_argument("unknown argument " + name);
  }
  if (a.every == 0 || a.jobs == 0) throw std::invalid_argument("--every and --jobs are at least 1");
  return a;
}

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

/// The results of a worker, which it sends to the parent line by line.
struct findings {
  unsigned trials = 0, kills = 0, doubled = 0, violations = 0;
  std::set<std::string> points;

  void take(const trial& t, const trial_result& r) {
    ++trials;
    kills += static_cast<unsigned>(r.points.size());
    doubled += r.points.size() > 1;
    points.insert(r.points.begin(), r.points.end());
    for (auto& v : r.violated) report(v + "   [" + t.flags() + "]");
  }
  /// The names of the failpoints: "nested: after body 3" belongs to "after body".
  std::set<std::string> failpoints() const {
    std::set<std::string> names;
    for (auto& p : points) {
      auto from = p.rfind(": ") + 2;
      names.insert(p.substr(from, p.rfind(' ') - from));
    }
    return names;
  }
  void report(const std::string& text) {
    ++violations;
    std::printf("violation: %s\n", text.c_str());
    std::fflush(stdout);
  }
};

/// Runs a script in a configuration first without a crash, then with a kill at some failpoints, or
/// at all.
void explore(const arguments& a, const script& s, const config& c, std::uint64_t number,
             const std::string& folder, findings& found) {
  auto whole = run_trial({&s, &c, 0, 0, true}, folder);
  found.take({&s, &c, 0, 0, true}, whole);
  auto random = mixed(number + a.seed * 0x9e3779b97f4a7c15);
  // A process costs ten times as much as an engine in this process; a flush to a disk costs more.
  auto every = c.where == home::memory ? (a.every + 7) / 8
               : c.where == home::disk ? a.every * 4
                                       : a.every;
  if (a.every == 1) every = 1;
  for (unsigned at = 1 + static_cast<unsigned>(random % every); at <= whole.hits; at += every) {
    if (a.first && found.violations) return;
    random = mixed(random + at);
    trial t{&s, &c, at, 0, random % 8 == 0};
    if (random / 8 % 3 == 0) t.second = 1 + static_cast<unsigned>(random / 64 % 24);
    found.take(t, run_trial(t, folder));
  }
}

/// Runs every script and configuration of one worker.
findings work(const arguments& a, unsigned worker, const std::string& shm,
              const std::string& disk) {
  findings found;
  std::uint64_t number = 0;
  auto mine = [&] { return number++ % a.jobs == worker && !(a.first && found.violations); };
  for (auto& c : configs()) {
    if (!a.config.empty() && a.config != c.name) continue;
    auto folder = (c.where == home::disk ? disk : shm) + "/" + std::to_string(worker);
    for (auto& s : scripts())
      if ((a.script.empty() || a.script == s.name) && mine())
        explore(a, s, c, number, folder, found);
    bool poisons = a.script == "poison" || (a.script.empty() && a.fault.empty());
    if (c.where != home::memory && poisons && mine()) {
      found.trials += 2;
      for (auto& v : run_poison(c, folder)) found.report(v + "   [poison, " + c.name + "]");
      for (auto& v : run_fatal_code(c, folder)) found.report(v + "   [code, " + c.name + "]");
    }
  }
  return found;
}

/// Runs workers in processes of their own, and reads their findings from pipes.
findings work_in_parallel(const arguments& a, const std::string& shm, const std::string& disk) {
  std::vector<std::unique_ptr<stet_tests::child_process>> workers;
  for (unsigned w = 0; w < a.jobs; ++w)
    workers.push_back(std::make_unique<stet_tests::child_process>([&, w](int pipe) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto f = work(a, w, shm, disk);
      std::string text = std::to_string(f.trials) + ' ' + std::to_string(f.kills) + ' ' +
                         std::to_string(f.doubled) + ' ' + std::to_string(f.violations) + '\n';
      for (auto& p : f.points) text += p + '\n';
      stet_tests::child_process::tell(pipe, text);
    }));
  findings all;
  for (auto& w : workers) {
    auto text = w->hear_all();
    unsigned trials, kills, doubled, violations;
    auto status = w->wait();
    if (status != 0 ||
        std::sscanf(text.c_str(), "%u %u %u %u", &trials, &kills, &doubled, &violations) != 4) {
      all.report("a worker broke, status " + std::to_string(status) + ": " + text);
      continue;
    }
    all.trials += trials;
    all.kills += kills;
    all.doubled += doubled;
    all.violations += violations;
    for (auto at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1)
      all.points.insert(text.substr(at, text.find('\n', at) - at));
  }
  return all;
}

int once(const arguments& a, const std::string& shm, const std::string& disk) {
  trial t{nullptr, nullptr, a.at, a.second, a.again};
  for (auto& s : scripts())
    if (s.name == a.script) t.what = &s;
  for (auto& c : configs())
    if (c.name == a.config) t.how = &c;
  if (!t.what || !t.how)
    throw std::invalid_argument("--at needs --script and --config, as a violation names them");
  auto r = run_trial(t, t.how->where == home::disk ? disk : shm);
  for (auto& f : r.facts) {
    std::printf("%c life %d", static_cast<char>(f.kind), f.life);
    for (auto& field : f.fields) std::printf(" | %s", field.c_str());
    std::printf("\n");
  }
  for (auto& v : r.violated) std::printf("violation: %s\n", v.c_str());
  return r.violated.empty() ? 0 : 1;
}

int run(int count, char** texts) {
  // LMDB allocates 2 MB of zeros each time. Memory from mmap costs nothing until it is touched.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  auto a = parse(count, texts);
  if (a.list) return print_faults(), 0;
  if (!a.fault.empty()) seed_fault(a.fault);
  stet_tests::temporary_directory on_disk;
  std::string shm = "/dev/shm/stet-crash-" + std::to_string(::getpid());
  if (::access("/dev/shm", W_OK) != 0) {
    std::printf(
        "skipped: /dev/shm can't be written, the trials in memory-backed files run on disk\n");
    shm = on_disk / "shm";
  }
  auto began = std::chrono::steady_clock::now();
  int code = 0;
  if (a.one) {
    code = once(a, shm, on_disk.path());
  } else {
    std::printf("crash suite: every %u. failpoint, seed %u%s%s\n", a.every, a.seed,
                a.fault.empty() ? "" : ", seeded fault ", a.fault.c_str());
    std::fflush(stdout);
    auto all = work_in_parallel(a, shm, on_disk.path());
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("crash suite: %zu distinct crash points in %zu failpoints, %u trials, ",
                all.points.size(), all.failpoints().size(), all.trials);
    std::printf("%u kills (%u trials with two), %.1f s: %u violations\n", all.kills, all.doubled,
                took.count(), all.violations);
    code = all.violations ? 1 : 0;
  }
  std::error_code ignored;
  std::filesystem::remove_all(shm, ignored);
  return code;
}

}  // namespace
}  // namespace stet_crash

int main(int count, char** texts) {
  try {
    return stet_crash::run(count, texts);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "crash: %s\n", e.what());
    return 2;
  }
}
