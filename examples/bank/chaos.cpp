#include "chaos.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <thread>

#include "child.hpp"

namespace {

namespace fs = std::filesystem;
using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

class chaos {
 public:
  chaos(const chaos_options& o, const std::string& folder)
      : options_(o), log_(folder + "/log"), chance_(o.seed) {}

  bool run() {
    introduce();
    const auto end = clock_type::now() + std::chrono::seconds(options_.seconds);
    do {
      if (!kill_once()) return false;
    } while (clock_type::now() < end);
    std::printf(
        "\nKilled %u times, %u of them while it was getting up. Each other time the books balanced "
        "at "
        "its start,\n%u times with money in flight. Now it may end:\n",
        kills_, kills_ - starts_, flights_);
    std::fflush(stdout);
    const auto last = ::run(command({"--finish"}));
    std::fputs(last.text.c_str(), stdout);
    return last.status == 0 && auditor_agrees();
  }

 private:
  void introduce() const {
    std::printf(
        "A bank is killed for %u s, and its books balance\n\n"
        "What    transfers between ten accounts, hundreds at once: some are of more than there "
        "is,\n"
        "        some go to accounts that are closed, frozen or unknown, some wait for approval,\n"
        "        and get it, or don't, or too late, or are changed meanwhile, some are cancelled.\n"
        "Trouble the process is killed (kill -9) at random moments, and started again.\n"
        "Store   %s\n"
        "Seed    %llu (the same transfers and choice of moments: --seed %llu)\n\n",
        options_.seconds, options_.store.c_str(), static_cast<unsigned long long>(options_.seed),
        static_cast<unsigned long long>(options_.seed));
    std::fflush(stdout);
  }

  std::vector<std::string> command(const std::vector<std::string>& more) const {
    std::vector<std::string> c{fs::read_symlink("/proc/self/exe"), "--work", options_.store,
                               std::to_string(options_.seed)};
    if (!options_.broken.empty()) c.insert(c.end(), {"--broken", options_.broken});
    c.insert(c.end(), more.begin(), more.end());
    return c;
  }
  int pick(int least, int most) { return std::uniform_int_distribution(least, most)(chance_); }

  // Kills the worker: mostly while it works, sometimes while it starts.
  bool kill_once() {
    const auto before = content(log_).size();
    const auto begun = clock_type::now();
    child worker(command({}), log_);
    const auto late = begun + std::chrono::minutes(1);
    const auto is_up = [&] { return content(log_).size() > before || !worker.running(); };
    if (pick(0, 3) > 0)
      while (!is_up() && clock_type::now() < late) std::this_thread::sleep_for(milliseconds(2));
    std::this_thread::sleep_for(std::chrono::microseconds(pick(0, 300'000)));
    const bool killed = worker.kill();
    const std::chrono::duration<double, std::milli> lived = clock_type::now() - begun;
    const auto said = content(log_).substr(before);
    if (!killed || clock_type::now() > late) {
      std::printf("the worker %s:\n%s", killed ? "did not get up" : "ended by itself",
                  said.c_str());
      return false;
    }
    ++kills_;
    if (!said.empty()) ++starts_;
    if (!said.empty() && !said.ends_with(" 0 in flight\n")) ++flights_;
    std::printf("Kill %u after %.0f ms. %s", kills_, lived.count(),
                said.empty() ? "It was getting up.\n" : said.c_str());
    return auditor_agrees();
  }

  // Before anything runs again, a program without Stet reads the file.
  bool auditor_agrees() const {
    if (options_.auditor.empty()) return true;
    const auto path = options_.store.substr(options_.store.find(':') + 1);
    if (!fs::exists(path)) return true;  // it was killed before it had a file
    const auto found = ::run({options_.auditor, path});
    std::fputs(found.text.c_str(), stdout);
    std::fflush(stdout);
    return found.status == 0;
  }

  const chaos_options options_;
  const std::string log_;
  std::mt19937_64 chance_;
  unsigned kills_ = 0, starts_ = 0, flights_ = 0;
};

}  // namespace

bool run_chaos(const chaos_options& wanted) {
  auto folder = (fs::temp_directory_path() / "stet-bank.XXXXXX").string();
  if (!::mkdtemp(folder.data()))
    throw std::runtime_error("can't make a folder in " + fs::temp_directory_path().string());
  auto o = wanted;
  if (o.store.empty()) o.store = "lmdb:" + folder + "/store";
  const bool well = chaos(o, folder).run();
  if (well) {
    fs::remove_all(folder);
    std::printf("All is well.\n");
  } else {
    std::printf("SOMETHING IS OFF. The store: %s; what the workers said: %s/log\n", o.store.c_str(),
                folder.c_str());
  }
  return well;
}
