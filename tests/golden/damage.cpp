// damage [--trials N] [SCHEME…]: golden stores whose bytes are flipped, cut, zeroed or swapped.
// An engine in a child process opens each of them and finishes its runs. The results are right, or
// an error names the damage. It never crashes, hangs, or silently gives other results [S218].
// STET_SEED repeats a run.
//
// If the end of a log is missing as a whole, with everything that could show it, the store may be
// as
// of an earlier commit. Such results are counted separately.
//
// LMDB's own pages have no checksums. The results of damage in them are counted and printed, and
// fail nothing.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/fake_environment.hpp"
#include "tests/support/stores.hpp"
#include "tests/support/temporary_directory.hpp"
#include "workflows.hpp"

using namespace stet_golden;
using namespace stet_tests;
namespace fs = std::filesystem;

namespace {

constexpr unsigned seconds_max = 30;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t cuts = 400;  // lengths of a log, for the results of earlier commits

// ---- the results of a store
template <class W> std::string come_to(stet::engine& e, const W& w, const std::string& id) {
  auto run = e.find(w, id);
  if (!run) return "absent";
  if (!run->wait_for(0ms)) return "open";
  try {
    if constexpr (std::is_same_v<decltype(run->result()), std::string>) return run->result();
    else return std::to_string(run->result());
  } catch (const stet::run_failed& f) { return f.message(); } catch (const stet::run_cancelled&) {
    return "cancelled";
  } catch (const stet::run_terminated&) { return "terminated"; }
}

std::string results(stet::engine& e) {
  std::string all;
  auto add = [&](const auto& w, const std::string& id) {
    all += id + "=" + come_to(e, w, id) + "\n";
  };
  for (auto& [id, wanted] : numbers) {
    if (id == "count") add(Count, id);
    else if (id == "messenger") add(Messenger, id);
    else if (id == "late") add(Late, id);
    else if (id == "keeper") add(Keeper, id);
    else if (id.starts_with("parent") && id.find('/') == id.npos) add(Parent, id);
    else add(Steps, id);
  }
  add(Served, "served"), add(Cart, "cart"), add(Travel, "trip"), add(Transfer, "transfer");
  add(Patched, "patched"), add(Moved, "moved"), add(Sealed, "sealed");
  add(Steps, "cancelled"), add(Steps, "terminated"), add(Steps, "gone");
  e.transact([&](stet::transaction& tx) {
    tx.scan(Accounts, [&](const std::string& name, long cents) {
      all += name + ": " + std::to_string(cents) + "\n";
    });
  });
  return all + std::to_string(e.admin().count("Customer = 'ann' AND Cents > 50"));
}

/// "=" and the results, or "!" and the error or problem.
std::string finished(const kind_of_store& kind, const std::string& path) {
  fake_clock clock;
  seeded_entropy entropy;
  recorder heard;
  const outside open{true};
  try {
    stet::engine e(kind.open(path), {.threads = 0,
                                     .transforms = transforms(),
                                     .clock = &clock,
                                     .entropy = &entropy,
                                     .listener = &heard});
    define_all(e, open);
    clock.advance(2h);
    e.start();
    e.run_until_idle();
    if (e.find(Cart, "cart")) e.signal("cart", Close);
    for (int n = 0; n < 20; ++n) {
      clock.advance(30min);
      e.run_until_idle();
    }
    auto all = results(e);
    e.close();
    if (!heard.problems().empty()) return "!" + heard.problems().front();
    return "=" + all;
  } catch (const stet::error& e) {
    return std::string("!") + e.what();
  } catch (const std::exception& e) { return std::string("?not a stet::error: ") + e.what(); }
}

/// The same in a child; "crash …" or "hang" if the child doesn't come back.
std::string finished_in_child(const kind_of_store& kind, const std::string& path) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0}, memory{rlim_t{4} << 30, rlim_t{4} << 30};
    ::setrlimit(RLIMIT_CORE, &none);
    ::setrlimit(RLIMIT_AS, &memory);
    ::alarm(seconds_max);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(3);
    const auto said = finished(kind, path);
    (void)!::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  char part[4096];
  for (ssize_t n; (n = ::read(ends[0], part, sizeof part)) > 0;)
    said.append(part, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGALRM ? "hang"
                                       : "crash by signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? said
                                  : "crash with status " + std::to_string(WEXITSTATUS(status));
}

// ---- damage
std::string read(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Damages a file at random. Returns a text of the damage, or nullopt if the file is empty.
std::optional<std::string> damage(const fs::path& file, std::mt19937_64& random) {
  auto bytes = read(file);
  if (bytes.empty()) return std::nullopt;
  // Most of a file of fixed size is zeros: damage only the used part.
  const auto used = std::max<std::size_t>(bytes.find_last_not_of('\0') + 1, 1);
  const auto at = random() % used;
  const auto pages = (bytes.size() + page_bytes - 1) / page_bytes;
  std::string what;
  switch (random() % 5) {
    case 0:
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
      what = "bit flipped at " + std::to_string(at);
      break;
    case 2:
      bytes.resize(at);
      what = "cut to " + std::to_string(at);
      break;
    case 3: {
      const auto page = at / page_bytes * page_bytes;
      bytes.replace(page, std::min(page_bytes, bytes.size() - page),
                    std::min(page_bytes, bytes.size() - page), '\0');
      what = "page zeroed at " + std::to_string(page);
      break;
    }
    default: {
      const auto a = at / page_bytes, b = random() % pages;
      if (a == b || (std::max(a, b) + 1) * page_bytes > bytes.size()) return std::nullopt;
      const auto one = bytes.substr(a * page_bytes, page_bytes);
      bytes.replace(a * page_bytes, page_bytes, bytes.substr(b * page_bytes, page_bytes));
      bytes.replace(b * page_bytes, page_bytes, one);
      what = "pages " + std::to_string(a) + " and " + std::to_string(b) + " swapped";
    }
  }
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  return what;
}

/// The lines of `said` that differ from those of `wanted`.
std::string difference(const std::string& said, const std::string& wanted) {
  std::istringstream one(said), other(wanted);
  std::string found;
  for (std::string a, b; std::getline(one, a);) {
    std::getline(other, b);
    if (a != b) found += a + " instead of " + b + "; ";
  }
  return found;
}

/// Whether a file holds the latest commits, one after the other.
bool is_log(const std::string& name) {
  return name.ends_with("-log") || name.ends_with("-wal") || name.ends_with(".log");
}

struct tally {
  unsigned trials = 0, right = 0, earlier = 0, named = 0, crashed = 0, hung = 0, wrong = 0;
  unsigned failures() const { return crashed + hung + wrong; }
  void print(const std::string& what) const {
    std::printf(
        "%-24s %5u trials: %u right, %u as of an earlier commit, %u named, %u crashed, %u hung, %u "
        "wrong without a word",
        what.c_str(), trials, right, earlier, named, crashed, hung, wrong);
    if (failures() == 0 && trials > 0)
      std::printf("; none of %u: less than %.2f %% with 95 %% confidence", trials, 300.0 / trials);
    std::printf("\n");
  }
};

/// The results that a damaged store may give: the right ones, or those without the end of its log
/// if all of that is missing.
struct expected {
  std::string right;
  std::set<std::string> earlier;
};

void count(tally& t, const std::string& said, const expected& e, bool may_be_earlier,
           const std::string& what) {
  ++t.trials;
  const bool is_right = said == e.right, is_named = said.starts_with("!");
  if (is_right) ++t.right;
  else if (may_be_earlier && e.earlier.contains(said)) return void(++t.earlier);
  else if (is_named) ++t.named;
  else if (said == "hang") ++t.hung;
  else if (said.starts_with("crash")) ++t.crashed;
  else ++t.wrong;
  if (!is_right && !is_named)
    std::printf("  %s: %s\n", what.c_str(),
                said.starts_with("=") ? difference(said, e.right).c_str() : said.c_str());
  else if (std::getenv("STET_DAMAGE_VERBOSE"))
    std::printf("  %s: %s\n", what.c_str(), is_right ? "right" : said.c_str());
}

/// Whether the file has LMDB's own pages, which have no checksums.
bool is_unprotected(const std::string& scheme, const std::string& name) {
  return scheme == "lmdb" && name == "store";
}

bool try_kind(const kind_of_store& kind, unsigned trials, std::mt19937_64& random) {
  const std::string archive =
      std::string(STET_GOLDEN_STORES) + "/format-1-" + kind.scheme + ".tar.gz";
  if (!fs::exists(archive)) return std::printf("skipped: there is no %s\n", archive.c_str()), true;
  temporary_directory whole;
  if (std::system(("tar -xzf '" + archive + "' -C '" + whole.path() + "'").c_str()) != 0)
    return false;
  const auto copied = [&](const temporary_directory& to) {
    fs::copy(whole.path(), to.path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  };
  std::vector<fs::path> files;
  for (auto& f : fs::recursive_directory_iterator(whole.path()))
    if (f.is_regular_file()) files.push_back(fs::relative(f.path(), whole.path()));
  std::sort(files.begin(), files.end());
  const auto with = [&](const fs::path& file, std::size_t bytes) {
    temporary_directory dir;
    copied(dir);
    if (!file.empty()) fs::resize_file(dir.path() / file, bytes);
    return finished_in_child(kind, dir / "store");
  };
  expected wanted{with({}, 0), {}};
  if (!wanted.right.starts_with("="))
    return std::printf("the whole store: %s\n", wanted.right.c_str()), false;
  for (auto& file : files)
    if (is_log(file.filename().string())) {
      const auto used = read(whole.path() / file).find_last_not_of('\0') + 1;
      for (std::size_t n = 0; n < cuts; ++n) wanted.earlier.insert(with(file, used * n / cuts));
    }
  std::map<std::string, tally> by_file;
  while (trials > 0) {
    temporary_directory dir;
    copied(dir);
    const auto file = dir.path() / files[random() % files.size()];
    const auto what = damage(file, random);
    if (!what) continue;
    const auto name = file.filename().string();
    // A flipped bit in a log is noticed. Only SQLite takes it for the log's end.
    const bool may_be_earlier =
        is_log(name) && (kind.scheme == "sqlite" || !what->starts_with("bit"));
    count(by_file[name], finished_in_child(kind, dir / "store"), wanted, may_be_earlier,
          kind.scheme + " " + name + ", " + *what);
    --trials;
  }
  bool good = true;
  tally sum;
  for (auto& [name, t] : by_file) {
    t.print(kind.scheme + " " + name);
    if (is_unprotected(kind.scheme, name)) continue;
    good = good && t.failures() == 0;
    sum = {sum.trials + t.trials, sum.right + t.right,     sum.earlier + t.earlier,
           sum.named + t.named,   sum.crashed + t.crashed, sum.hung + t.hung,
           sum.wrong + t.wrong};
  }
  sum.print(kind.scheme + (kind.scheme == "lmdb" ? " (but its pages)" : ""));
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned trials = 60;
  std::vector<std::string> schemes;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    if (a == "--trials" && i + 1 < argc)
      trials = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    else schemes.push_back(a);
  }
  if (transforms().empty()) {
    std::printf("skipped: some payloads are sealed, which this build can't open\n");
    return 77;
  }
  const char* given = std::getenv("STET_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 0) : std::random_device()();
  std::printf("STET_SEED=%llu repeats this run\n", static_cast<unsigned long long>(seed));
  bool good = true;
  for (auto& kind : kinds_in_files()) {
    if (!schemes.empty() && std::find(schemes.begin(), schemes.end(), kind.scheme) == schemes.end())
      continue;
    std::mt19937_64 random(seed);
    good = try_kind(kind, trials, random) && good;
  }
  return good ? 0 : 1;
}
