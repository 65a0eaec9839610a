#include "crash/life.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>

#include <stet/lmdb.hpp>
#if STET_TESTS_HAVE_ROCKSDB
#include <stet/rocksdb.hpp>
#endif
#if STET_TESTS_HAVE_SQLITE
#include <stet/sqlite.hpp>
#endif

#include "base/hooks.hpp"
#include "crash/facts.hpp"

namespace stet_crash {
namespace {

constexpr unsigned seconds_max = 60;  // a life takes some hundredths of a second on a quiet machine
constexpr std::size_t unlimited = 100'000;

/// The failpoint at which this life is killed, and how often each was hit.
struct {
  std::mutex mutex;
  std::map<std::string_view, unsigned> by_name;
  unsigned hits = 0;
  unsigned kill_at = 0;
  bool in_process = false;
  bool others_go_on = false;  // other threads may do something wrong: give them time for it
  std::atomic<bool> power_off{false};
} plan;

void on_failpoint(const char* name) {
  std::unique_lock lock(plan.mutex);
  auto nth = ++plan.by_name[name];
  if (++plan.hits != plan.kill_at) return;
  tell(fact_kind::killed, {name, std::to_string(nth)});
  if (plan.in_process) {
    plan.power_off = true;
    return;
  }
  lock.unlock();
  if (plan.others_go_on) ::usleep(1500);
  ::raise(SIGKILL);
}

/// Refuses commits once the power is off.
class powered final : public stet::forwarding_store {
 public:
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, stet::durability d) override {
    if (plan.power_off)
      throw stet::store_error(stet::errc::store, "commit", "", 0, "the power is off",
                              stet::commit_outcome::unknown);
    inner_->commit(b, d);
  }
};

class teller final : public stet::listener {
 public:
  void problem(std::string_view text) noexcept override {
    if (!plan.power_off) tell(fact_kind::problem, {text});
  }
};

void run_engine(const config& c, std::unique_ptr<stet::store> store,
                const std::function<void(stet::engine&)>& perform) {
  teller listener;
  stet::engine e(std::move(store), {.threads = c.threads,
                                    .resident_runs_max = c.resident_runs_max,
                                    .tail_bytes_max = c.tail_bytes_max,
                                    .replay_check_interval = c.replay_check_interval,
                                    .compare = stet::compared::arguments,
                                    .listener = &listener});
  for (auto& f : flows()) e.define(f.name, f.body);
  define_box(e);
  e.retain(brief, std::chrono::milliseconds(brief_ms));
  e.start();
  perform(e);
  e.close();
}

void arm_failpoints(const config& c, unsigned kill_at) {
  plan.by_name.clear();
  plan.hits = 0;
  plan.kill_at = kill_at;
  plan.in_process = c.where == home::memory;
  plan.others_go_on = c.threads > 0;
  plan.power_off = false;
  stet::detail::hooks.failpoint = on_failpoint;
}

life_end live_here(const config& c, const place& p,
                   const std::function<void(stet::engine&)>& perform) {
  try {
    run_engine(c, std::make_unique<powered>(stet::memory::open(p.contents)), perform);
  } catch (const std::exception& e) {
    if (plan.power_off) return life_end::killed;
    tell(fact_kind::problem, {e.what()});
    return life_end::broken;
  }
  tell(fact_kind::hits, {std::to_string(plan.hits)});
  return plan.power_off ? life_end::killed : life_end::finished;
}

[[noreturn]] void live_in_child(const config& c, const place& p,
                                const std::function<void(stet::engine&)>& perform) {
  ::alarm(seconds_max);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // an interrupted suite ends all its processes
  try {
    run_engine(c, open_store(c, p), perform);
  } catch (const std::exception& e) {
    tell(fact_kind::problem, {e.what()});
    ::_exit(3);
  }
  tell(fact_kind::hits, {std::to_string(plan.hits)});
  ::_exit(0);
}

}  // namespace

const std::vector<config>& configs() {
  constexpr std::size_t small = 8 << 10, middle = 512 << 10, large = 16 << 20;
  constexpr std::uint64_t no_log = 0, short_log = 64 << 10, normal_log = 8 << 20;
  static const std::vector<config> all = {
      {"shm-res0-manual-small", home::shm, 0, 0, small, 0, short_log},
      {"shm-resmax-manual-small", home::shm, unlimited, 0, small, 1, short_log},
      {"shm-res0-threads-small", home::shm, 0, 2, small, 1, short_log},
      {"shm-resmax-threads-small", home::shm, unlimited, 2, small, 0, no_log},
      {"shm-res0-manual-middle", home::shm, 0, 0, middle, 1, short_log},
      {"shm-resmax-threads-middle", home::shm, unlimited, 2, middle, 0, short_log},
      {"shm-res0-threads-large", home::shm, 0, 2, large, 0, short_log},
      {"shm-resmax-manual-large", home::shm, unlimited, 0, large, 0, no_log},
      {"disk-res2-threads-small", home::disk, 2, 2, small, 0, normal_log},
#if STET_TESTS_HAVE_ROCKSDB
      {"shm-rocksdb-res0-manual-small", home::shm, 0, 0, small, 1, no_log, file_store::rocksdb},
      {"shm-rocksdb-resmax-threads-middle", home::shm, unlimited, 2, middle, 0, no_log,
       file_store::rocksdb},
      {"disk-rocksdb-res2-threads-small", home::disk, 2, 2, small, 0, no_log, file_store::rocksdb},
#endif
#if STET_TESTS_HAVE_SQLITE
      {"shm-sqlite-res0-manual-small", home::shm, 0, 0, small, 1, short_log, file_store::sqlite},
      {"shm-sqlite-resmax-threads-middle", home::shm, unlimited, 2, middle, 0, short_log,
       file_store::sqlite},
      {"disk-sqlite-res2-threads-small", home::disk, 2, 2, small, 0, normal_log,
       file_store::sqlite},
#endif
      {"memory-res0-threads-middle", home::memory, 0, 2, middle, 0, no_log},
      {"memory-resmax-manual-small", home::memory, unlimited, 0, small, 0, no_log},
      {"memory-resmax-threads-large", home::memory, unlimited, 2, large, 1, no_log},
  };
  return all;
}

namespace {

const std::map<std::string, bool*>& faults() {
#define STET_NAME_FAULT(name) {#name, &stet::detail::hooks.name},
  static const std::map<std::string, bool*> all = {STET_SEEDED_FAULTS(STET_NAME_FAULT)};
#undef STET_NAME_FAULT
  return all;
}

}  // namespace

void seed_fault(const std::string& name) {
  auto found = faults().find(name);
  if (found == faults().end()) throw std::invalid_argument("no fault is called " + name);
  *found->second = true;
}
void print_faults() {
  for (auto& [name, on] : faults()) std::puts(name.c_str());
}

namespace {

std::unique_ptr<stet::store> open_file(const config& c, const std::string& path) {
#if STET_TESTS_HAVE_ROCKSDB
  if (c.store == file_store::rocksdb) return stet::rocksdb::open(path, {.memtable_bytes = 1});
#endif
#if STET_TESTS_HAVE_SQLITE
  if (c.store == file_store::sqlite) return stet::sqlite::open(path, {.wal_bytes = c.log_bytes});
#endif
  return stet::lmdb::open(path, {.log_bytes = c.log_bytes});
}

}  // namespace

std::unique_ptr<stet::store> open_store(const config& c, const place& p) {
  if (c.where == home::memory) return stet::memory::open(p.contents);
  return open_file(c, p.store);
}

std::unique_ptr<stet::store> open_copy(const config& c, const place& p) {
  if (c.where == home::memory) return open_store(c, p);
  namespace fs = std::filesystem;
  auto folder = fs::path(p.store).parent_path() / "copy";
  fs::remove_all(folder);
  fs::create_directory(folder);
  auto name = fs::path(p.store).filename().string();
  // The lock file of a dead process isn't copied.
  for (auto end : {"", "-log", "-wal", "-journal", ".owner"})
    if (fs::exists(p.store + end)) fs::copy(p.store + end, folder / (name + end));
  return open_file(c, (folder / name).string());
}

life_end live(const config& c, const place& p, int life, unsigned kill_at,
              const std::function<void(stet::engine&)>& perform) {
  open_facts(p.facts, life);
  arm_failpoints(c, kill_at);
  if (c.where == home::memory) return live_here(c, p, perform);
  auto pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) live_in_child(c, p, perform);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? life_end::finished : life_end::broken;
  if (WTERMSIG(status) == SIGKILL) return life_end::killed;
  if (WTERMSIG(status) == SIGALRM) return life_end::stuck;
  tell(fact_kind::problem, {"the process died of signal " + std::to_string(WTERMSIG(status))});
  return life_end::broken;
}

}  // namespace stet_crash
