#include "faults/worker.hpp"

#include <execinfo.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <utility>

#include "crash/facts.hpp"
#include "crash/scripts.hpp"
#include "faults/load.hpp"
#include "faults/shim/control.hpp"
#include "faults/trial.hpp"
#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif
#if STET_TESTS_HAVE_ROCKSDB
#include <stet/rocksdb.hpp>
#endif
#if STET_TESTS_HAVE_SQLITE
#include <stet/sqlite.hpp>
#endif

namespace stet_faults {
namespace {

using namespace stet_crash;

constexpr unsigned seconds_max = 60;  // a life takes some hundredths of a second on a quiet machine
constexpr std::uint64_t short_log = 64 << 10;

class teller final : public stet::listener {
 public:
  void problem(std::string_view text) noexcept override {
    try {
      tell(fact_kind::problem, {text});
    } catch (const std::bad_alloc&) {}  // a fact that wasn't written isn't expected later
  }
};

/// Prints where the process dies: a fault that ends it must be found.
void on_death(int signal) {
  disarm_faults();
  void* frames[64];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, 64), STDERR_FILENO);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

const script& find_script(const std::string& name) {
  for (auto& s : scripts())
    if (s.name == name) return s;
  throw std::invalid_argument("no script is called " + name);
}

/// Calls a function again and again, on a thread of its own, while the work is done.
class beside {
 public:
  explicit beside(std::function<void()> f)
      : thread_([this, f = std::move(f)] {
          while (!over_) {
            f();
            ::usleep(500);
          }
        }) {}
  beside(const beside&) = delete;
  beside& operator=(const beside&) = delete;
  ~beside() {
    over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

void chatter() {
  for (int fd : {STDOUT_FILENO, STDERR_FILENO})
    std::ignore = ::write(fd, "the host says something\n", 24);
}

/// The child has no engine, and exits as children of a fork do.
void fork_once(stet::engine& e) {
  auto pid = ::fork();
  if (pid < 0) return;
  if (pid > 0) {
    if (await(pid) == 0) return;
    tell(fact_kind::problem, {"a forked child could use the engine, or died"});
    ::_exit(1);  // no life may end with this code
  }
  ::alarm(seconds_max);
  try {
    (void)e.admin().describe("any");
  } catch (const stet::error& x) { ::_exit(x.code() == stet::errc::closed ? 0 : 1); }
  ::_exit(1);
}

void do_work(stet::engine& e, const life_setup& l) {
  if (l.script == "chatter") {
    beside talk(chatter);
    return perform(find_script("entities"), e);
  }
  if (l.script == "forks") {
    beside forking([&e] { fork_once(e); });
    return perform(find_script("entities"), e);
  }
  if (l.script == "load") return put_under_load(e, l.life);
  if (l.script == "naps") return take_naps(e);
  if (l.script == "drain") return drain(e, l.facts);
  perform(find_script(l.script), e);
}

void run_engine(const life_setup& l) {
  teller listener;
  stet::engine e(open_kind(l.kind, l.store), {.threads = l.threads,
                                              .resident_runs_max = l.resident,
                                              .tail_bytes_max = 8 << 10,
                                              .replay_check_interval = 1,
                                              .compare = stet::compared::arguments,
                                              .listener = &listener});
  for (auto& f : flows()) e.define(f.name, f.body);
  define_box(e);
  define_naps(e);
  e.start();
  do_work(e, l);
  e.close();
}

}  // namespace

const std::vector<std::string>& store_kinds() {
  static const std::vector<std::string> all = {
#if STET_TESTS_HAVE_LMDB
      "lmdb",
      "lmdb-log",
#endif
#if STET_TESTS_HAVE_ROCKSDB
      "rocksdb",
#endif
#if STET_TESTS_HAVE_SQLITE
      "sqlite",
#endif
  };
  return all;
}

std::unique_ptr<stet::store> open_kind(const std::string& kind, const std::string& path) {
#if STET_TESTS_HAVE_LMDB
  if (kind == "lmdb") return stet::lmdb::open(path, {.log_bytes = 0});
  if (kind == "lmdb-log") return stet::lmdb::open(path, {.log_bytes = short_log});
#endif
#if STET_TESTS_HAVE_ROCKSDB
  if (kind == "rocksdb") return stet::rocksdb::open(path, {.memtable_bytes = 1});
#endif
#if STET_TESTS_HAVE_SQLITE
  if (kind == "sqlite") return stet::sqlite::open(path, {.wal_bytes = short_log});
#endif
  throw std::invalid_argument("no store is called " + kind);
}

life_setup parse_life(int count, char** texts) {
  if (count != 7)
    throw std::invalid_argument("worker KIND STORE FACTS SCRIPT LIFE RESIDENT THREADS");
  return {texts[0],
          texts[1],
          texts[2],
          texts[3],
          std::stoi(texts[4]),
          std::stoul(texts[5]),
          static_cast<unsigned>(std::stoul(texts[6]))};
}
std::vector<std::string> to_arguments(const life_setup& l) {
  return {l.kind,
          l.store,
          l.facts,
          l.script,
          std::to_string(l.life),
          std::to_string(l.resident),
          std::to_string(l.threads)};
}

void arm_faults() noexcept {
  if (stet_fault_control) stet_fault_control()->armed = true;
  ::prctl(-0x57e7, 0, 0, 0, 0);  // an invalid call, which the tracer knows
}
void disarm_faults() noexcept {
  if (stet_fault_control) stet_fault_control()->armed = false;
}

int live(const life_setup& l) {
  ::alarm(seconds_max);
  void* frame;
  ::backtrace(&frame, 1);  // loads its libraries while that can't fail
  for (int s : {SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(s, on_death);
  (void)scripts();
  (void)flows();
  open_facts(l.facts, l.life);
  arm_faults();
  try {
    run_engine(l);
  } catch (const std::exception& e) {
    disarm_faults();
    tell(fact_kind::problem, {"out came: ", e.what()});
    return 3;
  }
  disarm_faults();
  return 0;
}

}  // namespace stet_faults
