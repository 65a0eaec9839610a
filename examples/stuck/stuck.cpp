// Five runs are stuck, each for another reason, and a program that is given their store names each
// reason, with nothing but the public interface. "Yesterday" a program left the runs; "today"
// another build has the store.
//
//     stuck [STORE]      a new store, as in lmdb:stuck.stet; in memory if not given
//
// Prints:
//   parcel-1: waits for signal 'approved', which hasn't come
//       send it, cancel the run, or give the wait a time limit: ctx.receive(Approved, 24h)
//   mail-1: step 'send' fails again and again: the mail server says no
//       mend what it calls: it is tried again by itself; or limit it with retry.max_attempts
//   import-1: stalled, since this build doesn't define the workflow 'import'
//       deploy a build that defines it, or terminate the run
//   invoice-1: stalled, since this build's code doesn't fit what the run has done
//       define the older code as a version of its own, or guard the change by ctx.patched
//   label-1: the body of step 'print' has begun and doesn't come back
//       give the step a timeout, and let its body look at stop_requested()
//   5 of 5 runs are stuck
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace stet::built_in;

namespace {

inline constexpr stet::workflow<void()> Parcel{"parcel"};
inline constexpr stet::workflow<void()> Mail{"mail"};
inline constexpr stet::workflow<void()> Import{"import"};
inline constexpr stet::workflow<void()> Invoice{"invoice"};
inline constexpr stet::workflow<void()> Label{"label"};
inline constexpr stet::signal<void> Approved{"approved"};

constexpr stet::step_options often{.retry = {.initial_interval = 50ms, .backoff = 1}};

void refuse() { throw std::runtime_error("the mail server says no"); }

stet::task<> parcel(stet::context& ctx) { co_await ctx.receive(Approved); }
stet::task<> mail(stet::context& ctx) { co_await ctx.step("send", often, refuse); }

// ---------------------------------------------------------------- yesterday

std::atomic<bool> printing = false;

stet::task<> import_then(stet::context& ctx) { co_await ctx.step("load", often, refuse); }
stet::task<> invoice_then(stet::context& ctx) {
  co_await ctx.step("price", [] { return 5; });
  co_await ctx.step("charge", often, refuse);
}
stet::task<> label_then(stet::context& ctx) {
  co_await ctx.step("print", [](stet::step_context& s) {
    printing = true;
    for (;; std::this_thread::sleep_for(5ms)) s.throw_if_stopped();
  });
}

/// Waits until something holds; gives up after a minute.
void until(const std::function<bool()>& holds) {
  for (int i = 0; i < 6000 && !holds(); ++i) std::this_thread::sleep_for(10ms);
}
/// Returns whether this step of a run has failed, and is to be tried again.
bool has_failed(const stet::engine& engine, std::string_view id, std::string_view name) {
  auto info = engine.admin().describe(id);
  return info && std::any_of(info->waits_for.begin(), info->waits_for.end(),
                             [&](auto& w) { return w.name == name && !w.last_error.empty(); });
}

void yesterday(std::unique_ptr<stet::store> store) {
  stet::engine engine(std::move(store), {.threads = 2});
  engine.define(Parcel, parcel);
  engine.define(Mail, mail);
  engine.define(Import, import_then);
  engine.define(Invoice, invoice_then);
  engine.define(Label, label_then);
  engine.start();
  engine.start(Label, "label-1");
  engine.start(Invoice, "invoice-1");
  engine.start(Import, "import-1");
  engine.start(Mail, "mail-1");
  engine.start(Parcel, "parcel-1");
  until([&] { return has_failed(engine, "import-1", "load"); });
  until([&] { return has_failed(engine, "invoice-1", "charge"); });
  until([&] { return printing.load(); });
  engine.close();
}

// ---------------------------------------------------------------- today

stet::task<> invoice_now(stet::context& ctx) {  // the first step has another name
  co_await ctx.step("quote", [] { return 5; });
  co_await ctx.step("charge", often, refuse);
}
stet::task<> label_now(stet::context& ctx) {  // the printer is off, and nothing limits the wait
  co_await ctx.step("print", [] {
    for (;;) std::this_thread::sleep_for(1h);
  });
}

const std::string_view defined[] = {Parcel.text(), Mail.text(), Invoice.text(), Label.text()};

struct diagnosis {
  std::string why, what_to_do;
};

/// Says why a stalled run can't go on.
diagnosis of_stalled(const stet::run_info& run) {
  if (std::find(std::begin(defined), std::end(defined), run.workflow) == std::end(defined))
    return {"stalled, since this build doesn't define the workflow '" + run.workflow + "'",
            "deploy a build that defines it, or terminate the run"};
  return {"stalled, since this build's code doesn't fit what the run has done",
          "define the older code as a version of its own, or guard the change by ctx.patched"};
}
/// Says what a run waits for. Returns an empty diagnosis for a wait that will end by itself.
diagnosis of_wait(const stet::pending_info& w, std::chrono::milliseconds quiet) {
  if (w.kind == stet::wait_kind::condition)
    return {"waits for " + w.name + ", which hasn't come",
            "send it, cancel the run, or give the wait a time limit: ctx.receive(Approved, 24h)"};
  if (w.kind != stet::wait_kind::step) return {};
  if (!w.last_error.empty())
    return {"step '" + w.name + "' fails again and again: " + w.last_error,
            "mend what it calls: it is tried again by itself; or limit it with retry.max_attempts"};
  if (w.phase == stet::step_phase::queued)
    return {"step '" + w.name + "' waits for a thread",
            "find the bodies that occupy the threads, or raise engine_options::threads"};
  if (quiet < 300ms) return {};  // in a real program: longer than the step ever takes
  return {"the body of step '" + w.name + "' has begun and doesn't come back",
          "give the step a timeout, and let its body look at stop_requested()"};
}
diagnosis of_run(const stet::admin& admin, const std::string& id) {
  auto run = admin.describe(id).value();
  if (run.status == stet::status::stalled) {
    std::fprintf(stderr, "%s: %s\n", id.c_str(), run.reason.c_str());  // the details
    return of_stalled(run);
  }
  auto history = admin.history(id);
  auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto quiet = history.empty() ? 0ms : now - history.back().time;
  for (auto& w : run.waits_for)
    if (auto found = of_wait(w, quiet); !found.why.empty()) return found;
  return {};
}

/// Names the reason of each run that is open. Returns how many have one.
int name_the_stuck(const stet::admin& admin) {
  int stuck = 0;
  const auto open = ExecutionStatus.in({stet::status::running, stet::status::stalled});
  for (auto& run : admin.list(open).runs) {  // the latest start first
    auto found = of_run(admin, run.id);
    if (found.why.empty()) continue;
    ++stuck;
    std::printf("%s: %s\n    %s\n", run.id.c_str(), found.why.c_str(), found.what_to_do.c_str());
  }
  return stuck;
}

/// Takes no problems: the program itself names them.
struct quiet : stet::listener {
  void problem(std::string_view) override {}
};

int today(std::unique_ptr<stet::store> store) {
  quiet listener;
  stet::engine engine(std::move(store), {.threads = 2, .listener = &listener});
  engine.define(Parcel, parcel);
  engine.define(Mail, mail);
  engine.define(Invoice, invoice_now);
  engine.define(Label, label_now);
  engine.start();
  auto admin = engine.admin();
  until([&] { return admin.count(ExecutionStatus == stet::status::stalled) == 2; });
  std::this_thread::sleep_for(400ms);  // longer than label-1 may be quiet
  int stuck = name_the_stuck(admin);
  std::printf("%d of %d runs are stuck\n", stuck, static_cast<int>(admin.count()));
  std::fflush(stdout);
  // The body that hangs can't be waited for: its step is attempted again when an engine next has
  // the store.
  if (!engine.close(200ms)) std::quick_exit(stuck == 5 ? 0 : 1);
  return stuck == 5 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) try {
  auto contents = stet::memory::make_contents();
  auto open = [&] { return count > 1 ? stet::open(arguments[1]) : stet::memory::open(contents); };
  yesterday(open());
  return today(open());
} catch (const std::exception& e) {
  std::fprintf(stderr, "stuck: %s\n", e.what());
  return 1;
}
