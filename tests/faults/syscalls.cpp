// SIGKILL at the n-th system call, which a tracer counts across the threads of the process. This
// doesn't depend on our own failpoints, and reaches inside the stores' libraries as well.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <set>

#include "faults/campaign.hpp"

namespace stet_faults {
namespace {

#if defined(__x86_64__)
constexpr bool can_trace = true;
bool is_marker(int thread) {  // arm_faults() makes this call: count from here on
  user_regs_struct r{};
  return ::ptrace(PTRACE_GETREGS, thread, nullptr, &r) == 0 && r.orig_rax == SYS_prctl &&
         static_cast<int>(r.rdi) == -0x57e7;
}
#else
constexpr bool can_trace = false;
bool is_marker(int) { return false; }
#endif

/// Follows a process and its threads, and kills it when they have made `at` calls in all.
class tracer {
 public:
  explicit tracer(long at) : at_(at) {}

  /// The process has asked to be traced, and is stopped. Returns its status at its end.
  int follow(int pid) {
    int status = await(pid);
    if (!WIFSTOPPED(status)) return status;
    constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, options);
    go_on(pid, 0);
    for (;;) {
      int thread = ::waitpid(-1, &status, __WALL);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) return status;
      if (!WIFSTOPPED(status)) {
        if (thread == pid) return status;
        inside_.erase(thread);
        continue;
      }
      stopped(pid, thread, WSTOPSIG(status), static_cast<unsigned>(status) >> 16);
    }
  }
  long calls() const { return calls_; }

 private:
  void stopped(int pid, int thread, int signal, unsigned event) {
    if (signal == (SIGTRAP | 0x80)) {
      bool enters = inside_.insert(thread).second;
      if (!enters) inside_.erase(thread);
      else if (!counting_) counting_ = is_marker(thread);
      else if (++calls_ == at_) ::kill(pid, SIGKILL);
      go_on(thread, 0);
      return;
    }
    bool ours =
        event != 0 || signal == SIGSTOP || signal == SIGTRAP;  // a clone, a new thread, exec
    go_on(thread, ours ? 0 : signal);
  }
  static void go_on(int thread, int signal) { ::ptrace(PTRACE_SYSCALL, thread, 0, signal); }

  long at_, calls_ = 0;
  bool counting_ = false;
  std::set<int> inside_;  // threads between the beginning of a call and its end
};

how_to_live traced(tracer& by) {
  return {.shim = false,
          .attend = [&by](int pid) { return by.follow(pid); },
          .prepare = [] { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }};
}

void one(trial& t, long at, tally& sum) {
  tracer by(at);
  auto end = t.live(traced(by));
  sum.hit += end == life_end::killed;
  ++sum.ends[to_text(end)];
  if (end != life_end::killed && end != life_end::finished)
    t.violate(std::string("the life ") + to_text(end) + ": " + t.last_words());
  t.judge(1);
  t.finish(1);
}

void explore(const std::string& folder, const std::string& name, const std::string& kind,
             const std::string& script, std::size_t resident, tally& sum) {
  long all;
  {
    trial t(folder, kind, script, resident, 2);
    tracer by(LONG_MAX);
    if (t.live(traced(by)) != life_end::finished)
      t.violate("it doesn't even work when nobody kills it: " + t.last_words());
    all = by.calls();
    sum.take(t, name);
  }
  for (long at : sample(all, 12, std::hash<std::string>()(name))) {
    trial t(folder, kind, script, resident, 2);
    one(t, at, sum);
    sum.take(t, name + ", call " + std::to_string(at) + " of " + std::to_string(all));
  }
}

bool may_trace() {
  int pid = ::fork();
  if (pid == 0) ::_exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1);
  int status = 1;
  ::waitpid(pid, &status, 0);
  return status == 0;
}

}  // namespace

int syscalls() {
  if (!can_trace || !may_trace()) {
    std::printf("syscalls: skipped, ptrace isn't allowed here, or this isn't x86-64\n");
    return 77;
  }
  return run_campaign("syscalls", cells_of({"crowd", "entities", "goes on"}, explore));
}

}  // namespace stet_faults
