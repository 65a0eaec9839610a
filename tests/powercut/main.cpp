// powercut URL [must-lose]: cuts the power of an ext4 file system while a process commits to the
// store URL on it ("lmdb:store" is a file there), and checks the store that is left [S161].
//
//   must-lose   URL is a control, which must lose acknowledged commits: "nosync:store" is LMDB with
//               MDB_NOSYNC; any other scheme treats sync as process.
//
// Exit code: 0 if all is well, 1 if not, 77 if this machine can't run it (it prints why). STET_SEED
// and STET_POWERCUT_CUTS (20) come from the environment.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include <stet/open.hpp>

#include "controls.hpp"
#include "disk.hpp"
#include "tests/support/child_process.hpp"
#include "workload.hpp"

namespace stet_powercut { namespace {

using stet::durability;
using stet_tests::child_process;

constexpr int kSkipped = 77;
constexpr int kCutsPerDisk = 5;      // then a new file system, and a new store
constexpr int kPatienceMs = 60'000;  // before a silent child counts as stuck

/// The store that is tested, and whether it is a control.
struct plan {
  std::string scheme, name;
  bool must_lose;
};

std::unique_ptr<stet::store> open(const plan& p, const disk& d) {
  const std::string path = d.path() + "/" + p.name;
#if STET_TESTS_HAVE_LMDB
  if (p.scheme == "nosync") return open_lmdb_nosync(path);
#endif
  auto s = stet::open(p.scheme + ":" + path);
  if (p.must_lose) return std::make_unique<without_flush>(std::move(s));
  return s;
}

/// When one cut happens: after how many acknowledged commits, and how long after the last of them.
struct moment {
  std::size_t acknowledgements;
  unsigned delay_us;
  int sync_every;  // each commit with a multiple of this number is sync, the others are process
  cut_kind how;
};

moment choose(std::mt19937_64& random, bool must_lose) {
  constexpr int syncs[] = {1, 1, 2, 5};
  moment m{};
  m.acknowledgements = random() % 8 == 0 ? 0 : 1 + random() % 60;
  m.delay_us = static_cast<unsigned>(random() % 4000);
  m.sync_every = must_lose ? 1 : syncs[random() % 4];
  m.how = random() % 2 == 0 ? cut_kind::log_flushed : cut_kind::log_lost;
  return m;
}

/// Runs in a child: commits batches from number `first` on, and writes an "s" or a "p" for each
/// that is acknowledged.
void commit_until_cut(const plan& p, const disk& d, int pipe, int first, int sync_every) {
  auto s = open(p, d);
  for (int n = first;; ++n) {
    const bool is_sync = n % sync_every == 0;
    commit_number(*s, n, is_sync ? durability::sync : durability::process);
    child_process::tell(pipe, is_sync ? "s" : "p");
  }
}

/// Commits, cuts the power, and kills. Returns one letter for each acknowledged commit.
std::string acknowledged_until_cut(const plan& p, disk& d, int first, const moment& m) {
  child_process child([&](int pipe) { commit_until_cut(p, d, pipe, first, m.sync_every); });
  std::string heard;
  while (heard.size() < m.acknowledgements) {
    const auto more = child.hear(kPatienceMs);
    if (more.empty()) throw std::runtime_error("the child ended, or says nothing for a minute");
    heard += more;
    if (heard.find('e') != heard.npos) throw std::runtime_error(heard + child.hear_all(1000));
  }
  ::usleep(m.delay_us);
  // Without power no commit can be acknowledged. Here one might be: if the file system is shut down
  // in the midst of an fdatasync, that sometimes returns 0 all the same (ext4 of Linux 6.18). So
  // the child is stopped first: its system call goes on, but the child can't report it.
  ::kill(child.pid(), SIGSTOP);
  d.cut(m.how);
  child.kill();
  heard += child.hear_all();
  return heard.substr(0, heard.find('e'));  // "exception: …" is the error that it got after the cut
}

/// Opens the store in a child, reads it and closes it.
state read_after_cut(const plan& p, const disk& d) {
  child_process child([&](int pipe) {
    auto s = open(p, d);
    const state found = read_state(*s);
    s->close();
    child_process::tell(pipe, std::to_string(found.last) + " " + found.wrong);
  });
  const std::string heard = child.hear_all(kPatienceMs);
  if (child.is_silent()) throw std::runtime_error("the store isn't opened within a minute");
  if (heard.empty() || heard[0] < '0' || heard[0] > '9') return {0, "it can't be read: " + heard};
  return {std::stoi(heard), heard.substr(heard.find(' ') + 1)};
}

/// The sums over all cuts.
struct totals {
  int cuts = 0, acknowledged = 0, lost_process = 0, lost = 0;
};

/// Does one cut. Returns the number of the last batch in the store, or -1 if something is wrong.
int cut_once(const plan& p, disk& d, int last, const moment& m, totals& sum) {
  const std::string heard = acknowledged_until_cut(p, d, last + 1, m);
  d.mount_again();
  const state found = read_after_cut(p, d);
  const int told = last + static_cast<int>(heard.size());
  const auto last_sync = heard.rfind('s');
  const int durable = last_sync == heard.npos ? last : last + static_cast<int>(last_sync) + 1;
  ++sum.cuts;
  sum.acknowledged += static_cast<int>(heard.size());
  sum.lost_process += std::max(0, told - std::max(found.last, durable));
  sum.lost += std::max(0, durable - found.last);
  const bool is_right = found.last >= durable && found.last <= told + 1 && found.wrong.empty();
  if (is_right) return found.last;
  std::printf("%s: after cut %d, at batch %d, %d being durable, batch %d is the last; %s\n",
              p.must_lose ? "lost" : "WRONG", sum.cuts, told, durable, found.last,
              found.wrong.empty() ? "what is there is whole" : found.wrong.c_str());
  return -1;
}

int cut_often(const plan& p) {
  const char* given_seed = std::getenv("STET_SEED");
  const char* given_cuts = std::getenv("STET_POWERCUT_CUTS");
  const std::uint64_t seed =
      given_seed ? std::strtoull(given_seed, nullptr, 10) : std::random_device{}();
  const int cuts = given_cuts ? std::atoi(given_cuts) : 20;
  std::printf("STET_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::mt19937_64 random(seed);
  disk d;
  totals sum;
  int last = -1, wrong = 0;
  for (int i = 0; i < cuts; ++i) {
    if (last < 0 || i % kCutsPerDisk == 0) {
      d.format();
      last = 0;
    }
    last = cut_once(p, d, last, choose(random, p.must_lose), sum);
    wrong += last < 0;
  }
  std::printf("%s: %d cuts, %d commits acknowledged, lost: %d of process, %d of sync\n",
              p.scheme.c_str(), sum.cuts, sum.acknowledged, sum.lost_process, sum.lost);
  if (sum.acknowledged == 0) throw std::runtime_error("nothing was acknowledged before any cut");
  return p.must_lose ? sum.lost == 0 : wrong != 0;
}

}  // namespace
}  // namespace stet_powercut

int main(int argc, char** argv) {
  using namespace stet_powercut;
  const std::string url = argc > 1 ? argv[1] : "";
  const auto colon = url.find(':');
  const bool must_lose = argc == 3 && std::strcmp(argv[2], "must-lose") == 0;
  if (colon == url.npos || argc > 3 || (argc == 3 && !must_lose)) {
    std::fprintf(stderr, "usage: powercut SCHEME:NAME [must-lose]\n");
    return 2;
  }
  try {
    return cut_often({url.substr(0, colon), url.substr(colon + 1), must_lose});
  } catch (const unavailable& e) {
    std::printf("SKIPPED: %s\n", e.what());
    return kSkipped;
  } catch (const std::exception& e) {
    std::printf("FAILED: %s\n", e.what());
    return 1;
  }
}
