// The demo: a real backup that is killed again and again, and is whole at the end.
//
//     demo [--seed N] [--kills N] [DIR]      DIR: /usr/include if not given
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "child.hpp"
#include "files.hpp"
#include "proofs.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t files_least = 100;  // fewer would be copied before the first kill

struct request {
  std::string folder = "/usr/include";
  std::uint64_t seed = std::random_device{}();
  std::uint64_t kills = 5;
};

class usage_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::uint64_t number(const std::string& text, std::uint64_t most) {
  std::uint64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, n);
  if (parsed.ec != std::errc() || parsed.ptr != end || n > most)
    throw usage_error("\"" + text + "\" is no number up to " + std::to_string(most));
  return n;
}

request parse(int count, char** arguments) {
  request r;
  bool folder = false;
  for (int i = 1; i < count; ++i) {
    const std::string a = arguments[i];
    if ((a == "--seed" || a == "--kills") && i + 1 < count) {
      if (a == "--seed") r.seed = number(arguments[++i], UINT64_MAX);
      else r.kills = number(arguments[++i], 50);
    } else if (a.empty() || a[0] == '-' || folder) {
      throw usage_error("\"" + a + "\" is not understood");
    } else {
      r.folder = a;
      folder = true;
    }
  }
  return r;
}

double seconds_since(clock_type::time_point t) {
  return std::chrono::duration<double>(clock_type::now() - t).count();
}

class demo {
 public:
  explicit demo(const request& r)
      : request_(r), chance_(r.seed), tree_(look_at(r.folder)), files_(tree_.files.size()) {
    auto folder = (fs::temp_directory_path() / "stet-demo.XXXXXX").string();
    if (!::mkdtemp(folder.data()))
      throw std::runtime_error("can't make a folder in " + fs::temp_directory_path().string());
    work_ = folder;
  }

  const std::string& folder() const { return work_; }

  bool run() {
    introduce();
    const auto begun = clock_type::now();
    const auto during_recovery = pick(1, request_.kills);  // one more kill, at the next start
    for (std::uint64_t i = 1; i <= request_.kills; ++i) {
      kill_at_work(i);
      if (i == during_recovery) kill_at_start();
    }
    finish();
    std::printf(
        "%.1f s in all.\n\nIs it whole? Two programs that aren't ours look at the folders:\n",
        seconds_since(begun));
    bool good = prove_copy(request_.folder, copy());
    std::printf(
        "\nWas anything done twice that stood? The journal, against the lines that the steps left "
        "outside of it:\n");
    good &= prove_steps(kills_, read_effects(effects()), read_journal(store()), files_);
    return good;
  }

 private:
  std::string copy() const { return work_ + "/copy"; }
  std::string effects() const { return work_ + "/effects"; }
  std::string log() const { return work_ + "/log"; }
  std::string store() const { return "lmdb:" + work_ + "/journal"; }
  std::vector<std::string> command() const {
    const auto program = fs::read_symlink("/proc/self/exe").parent_path() / "backup";
    return {program,   "--from", request_.folder, "--to",   copy(), "--store", store(),
            "--flaky", "10",     "--effects",     effects()};
  }
  [[noreturn]] void fail(const std::string& what) const {
    const auto words = content(log());
    const auto from = words.size() < 500 ? 0 : words.find('\n', words.size() - 500) + 1;
    throw std::runtime_error(what + "; its last words:\n" + words.substr(from));
  }
  std::uint64_t pick(std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(chance_);
  }

  static files::tree look_at(const std::string& folder) {
    if (!fs::is_directory(folder)) throw std::runtime_error(folder + " is no folder");
    auto tree = files::list(folder);
    if (tree.files.size() < files_least)
      throw std::runtime_error(folder + " has " + std::to_string(tree.files.size()) +
                               " files; the demo needs " + std::to_string(files_least) +
                               " or more");
    for (const auto& path : tree.special)
      throw std::runtime_error(path + " is no file, and diff would miss it; choose another folder");
    for (const auto& path : tree.unreadable)
      throw std::runtime_error(path + "; choose another folder");
    return tree;
  }

  void introduce() const {
    std::printf(
        "A backup is killed %llu times and whole at the end\n\n"
        "What    %zu files and links in %zu folders of %s, copied to %s\n"
        "How     each file is a workflow of three steps: hash the original; copy it; read the copy "
        "back and\n"
        "        compare. One more workflow lists the tree, starts these and waits for them.\n"
        "Trouble every tenth copy fails for no good reason, and is tried again. And the whole "
        "program is killed\n"
        "        (kill -9: no warning, no time to tidy up) at random moments, and started again.\n"
        "Seed    %llu (the same choice of moments: --seed %llu)\n\n",
        static_cast<unsigned long long>(request_.kills) + (request_.kills > 0 ? 1 : 0), files_,
        tree_.folders.size(), request_.folder.c_str(), copy().c_str(),
        static_cast<unsigned long long>(request_.seed),
        static_cast<unsigned long long>(request_.seed));
  }

  std::size_t bytes_of_effects() const {
    std::error_code error;
    const auto n = fs::file_size(effects(), error);
    return error ? 0 : static_cast<std::size_t>(n);
  }
  // Returns the number of lines so far. It is called every millisecond, so it reads only what is
  // new.
  std::size_t count_effects() {
    const auto bytes = bytes_of_effects();
    if (bytes == counted_bytes_) return counted_;
    std::FILE* file = std::fopen(effects().c_str(), "rb");
    if (!file) return counted_;
    std::fseek(file, static_cast<long>(counted_bytes_), SEEK_SET);
    for (; counted_bytes_ < bytes; ++counted_bytes_)
      if (std::fgetc(file) == '\n') ++counted_;
    std::fclose(file);
    return counted_;
  }

  // Lets the backup work until it has had a random number of further effects, within this kill's
  // share of the whole work; then a moment longer, so that the kill may hit any part of its code.
  void kill_at_work(std::uint64_t which) {
    const auto all = 3 * files_;
    const auto share = all * 85 / 100 / request_.kills;
    auto enough = share * (which - 1) + pick(share / 5, share);
    const auto before = count_effects();
    enough = std::max(enough, before + 1 + pick(0, share / 10));
    const auto begun = clock_type::now();
    child backup(command(), log());
    auto last = before;
    for (auto moved = begun; count_effects() < enough; std::this_thread::sleep_for(1ms)) {
      if (!backup.running()) fail("the backup ended before it could be killed");
      if (count_effects() != last) {
        last = count_effects();
        moved = clock_type::now();
      }
      if (seconds_since(moved) > 120) fail("the backup has stood still for two minutes");
    }
    std::this_thread::sleep_for(std::chrono::microseconds(pick(0, 5000)));
    if (!backup.kill()) fail("the backup ended before it could be killed");
    tell("it had worked for", begun, before);
  }

  void kill_at_start() {
    const auto before = count_effects();
    const auto begun = clock_type::now();
    child backup(command(), log());
    std::this_thread::sleep_for(std::chrono::microseconds(pick(1000, 60000)));
    if (!backup.kill()) fail("the backup ended before it could be killed");
    tell("while it was getting up again, after", begun, before);
  }

  void tell(const char* when, clock_type::time_point begun, std::size_t before) {
    const auto time = seconds_since(begun);
    const auto lines = read_effects(effects());
    counted_ = lines.size();
    counted_bytes_ = bytes_of_effects();
    kills_.push_back({lines.size(), read_journal(store())});
    const auto& known = kills_.back().known;
    std::printf(
        "Kill %zu: %s %.2f s and done %zu steps more.\n"
        "        The journal holds %zu results, which stand. %zu steps were under way: they go on, "
        "or run again.\n",
        kills_.size(), when, time, lines.size() - before, known.steps_done, known.steps_under_way);
    std::fflush(stdout);
  }

  void finish() {
    const auto begun = clock_type::now();
    {
      child backup(command(), log());
      if (const int status = backup.wait(); status != 0)
        fail("the backup ended with status " + std::to_string(status));
    }
    const auto lines = read_effects(effects()).size();
    std::printf("\nNow it may end: %.2f s more. ", seconds_since(begun));
    const auto again = ::run(command());
    if (again.status != 0 || again.text.find("done already") == again.text.npos)
      throw std::runtime_error("started once more, the backup said:\n" + again.text);
    if (read_effects(effects()).size() != lines)
      throw std::runtime_error("started once more, the backup did steps again");
    std::printf("Started once more, it says that it is done already, and does nothing.\n");
  }

  request request_;
  std::mt19937_64 chance_;
  std::string work_;
  files::tree tree_;
  std::size_t files_;
  std::size_t counted_ = 0;
  std::size_t counted_bytes_ = 0;
  std::vector<killing> kills_;
};

}  // namespace

int main(int count, char** arguments) {
  std::string folder;
  try {
    demo d(parse(count, arguments));
    folder = d.folder();
    if (d.run()) {
      std::printf("\nAll is well. (Tidying up …)\n");
      std::fflush(stdout);
      fs::remove_all(folder);
      return 0;
    }
    std::printf("\nSomething is off. Everything is kept in %s.\n", folder.c_str());
  } catch (const usage_error& e) {
    std::fprintf(stderr, "demo: %s\nusage: demo [--seed N] [--kills N] [DIR]\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "demo: %s\n", e.what());
    if (!folder.empty()) std::fprintf(stderr, "demo: everything is kept in %s\n", folder.c_str());
  }
  return 1;
}
