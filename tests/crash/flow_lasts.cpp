// Workflows that begin something in their last drive, that are continued while events wait, or
// whose frames' destructors use the context; chains in a namespace with a short retention; a body
// that stops when asked.
#include <signal.h>

#include <atomic>

#include "crash/bodies.hpp"

namespace stet_crash {
namespace {

constexpr flow_name Born{"born"}, Heir{"heir"}, Ward{"ward"};
constexpr int endless = 1'000;

stet::task<std::string> born(stet::context& ctx, int n) {
  co_await step(ctx, "born", n);
  co_return "born";
}

/// Starts a child, and ends in the same drive. n = 0 to 2: returns a value, with each of the
/// policies for the child; 3: throws; 4: continues as new; 5: starts the child in an update's
/// handler.
stet::task<std::string> parting(stet::context& ctx, int n) {
  if (n > 5) co_return "went on";
  static constexpr stet::parent_close policies[] = {stet::parent_close::abandon,
                                                    stet::parent_close::request_cancel,
                                                    stet::parent_close::terminate};
  std::string id(ctx.id());
  bool bye = false;
  auto start = [&](stet::context& c) {
    (void)c.start_child(Born, id + "/born", {.parent_close = policies[n % 3]}, n);
    bye = true;
  };
  auto saying = ctx.on(Add, [&](int k) {
    start(ctx);
    return k;
  });
  co_await step(ctx, "first", n);
  if (n == 5) co_await ctx.until([&] { return bye; });
  else start(ctx);
  if (n == 3) throw stet::permanent_error("it ends so");
  if (n == 4) co_return co_await ctx.continue_as_new(flow_name{"parting"}, 6);
  co_return "gone";
}

/// A chain. The first signal that a run gets makes it continue as new; the last run waits to be
/// cancelled.
stet::task<std::string> inherit(stet::context& ctx, int left) {
  if (left > 0) {
    (void)co_await ctx.receive(Number);
    co_return co_await ctx.continue_as_new(Heir, left - 1);
  }
  int heard = 0;
  try {
    for (;;) heard += co_await ctx.receive(Number);
  } catch (const stet::cancelled&) {}
  co_return std::to_string(heard);
}

/// Sends three signals and a cancel request in one drive. The chain gets all of them.
stet::task<std::string> bequeath(stet::context& ctx, int left) {
  auto id = std::string(ctx.id()) + "/heir";
  auto heir = ctx.start_child(Heir, id, left);
  co_await step(ctx, "first", 1);
  co_await stet::all(ctx.signal(id, Number, 1), ctx.signal(id, Number, 10),
                     ctx.signal(id, Number, 100), ctx.cancel(id, "enough"));
  auto end = co_await stet::attempt(heir.result());
  co_return end ? "heard " + *end : std::string("cancelled");
}

/// Uses the context and a scope in its destructor, however its frame ends.
class farewell {
 public:
  farewell(stet::context& c, stet::scope& s) noexcept : ctx_(c), scope_(s) {}
  farewell(const farewell&) = delete;
  farewell& operator=(const farewell&) = delete;
  ~farewell() {
    scope_.cancel("gone");
    ctx_.set_details("gone");
    (void)ctx_.random();
  }

 private:
  stet::context& ctx_;
  stet::scope& scope_;
};

stet::task<std::string> says_farewell(stet::context& ctx, int n) {
  for (int i = 0; i < n; ++i) {
    (void)co_await stet::with_scope([&](stet::scope& part) -> stet::task<void> {
      farewell f(ctx, part);
      auto name = "beside " + std::to_string(i);
      co_await stet::all(step(ctx, name, 1), ctx.sleep(2ms), step(ctx, name + " too", 2));
    });
  }
  co_return "farewell";
}

/// Has no steps: the checks would report the effects of steps whose runs were erased.
stet::task<std::string> ward(stet::context& ctx, int left) {
  co_await ctx.sleep(3ms);
  if (left == 0) co_return "ward";
  co_return co_await ctx.continue_as_new(Ward, left == endless ? left : left - 1);
}

/// The first runs of its child's chain are erased by the time the child answers or is asked to end.
stet::task<std::string> owner(stet::context& ctx, int n) {
  auto id = std::string(ctx.id()) + "/ward";
  if (n == 0) co_return co_await ctx.child(Ward, id, 16);
  if (n == 1) {
    (void)co_await stet::any(ctx.child(Ward, id, endless), ctx.sleep(60ms));
    co_return "ward";
  }
  (void)ctx.start_child(Ward, id, endless);
  co_await ctx.sleep(60ms);
  co_return "ward";
}

/// Throws when it is asked to stop, as the guide shows. With max_attempts = 1, no exception of its
/// own makes the engine try it again.
stet::task<std::string> heeds(stet::context& ctx, int n) {
  std::string id(ctx.id());
  for (int i = 0; i < n; ++i) {
    auto name = "heeds " + std::to_string(i) + "~";
    co_await ctx.step(name, {.retry = {.max_attempts = 1}}, [&](stet::step_context& s) {
      effect(s, id, name);
      for (int k = 0; k < 6; ++k) {
        if (s.stop_requested()) throw std::runtime_error("stopped");
        std::this_thread::sleep_for(1ms);
      }
      return 1;
    });
  }
  co_return "done";
}

/// The first attempt outlasts its time-out, and has its first heartbeat, which isn't held back,
/// when the second has had its own. The third attempt must get the progress that the second
/// reported before it was asked to stop, unless the two are of different lives.
int speaks(stet::step_context& s) {
  static std::atomic<int> second_spoke{0};  // in this life
  if (s.attempt() == 1) {
    for (int i = 0; i < 25; ++i, std::this_thread::sleep_for(1ms))
      if (second_spoke == lives_begun()) s.heartbeat(1);
    return 0;
  }
  if (s.attempt() == 2) {
    s.heartbeat(2);
    if (!s.stop_requested()) second_spoke = lives_begun();
    throw std::runtime_error("not yet");
  }
  auto told = s.progress<int>();
  return second_spoke == lives_begun() && told != 2 ? -1 : 1;
}
stet::task<std::string> overtaken(stet::context& ctx, int) {
  constexpr stet::retry_policy later{
      .max_attempts = 6, .initial_interval = 8ms, .backoff = 1, .max_interval = 8ms};
  auto end = co_await ctx.try_step("speaks?", {.retry = later, .timeout = 5ms}, speaks);
  co_return end && *end < 0 ? "told of another attempt" : "told";
}

/// Kills the process in a drive by an event, but not in a replay.
stet::task<std::string> kills(stet::context& ctx, int) {
  co_await step(ctx, "before", 1);
  co_await ctx.sleep(1ms);
  ::raise(SIGKILL);
  co_return "alive";
}

}  // namespace

std::vector<flow> last_flows() {
  return {
      {flow_name{"parting"}, parting},
      {Born, born},
      {Heir, inherit},
      {flow_name{"testator"}, bequeath},
      {flow_name{"farewell"}, says_farewell},
      {Ward, ward},
      {flow_name{"owner"}, owner},
      {flow_name{"heeds"}, heeds},
      {flow_name{"overtaken"}, overtaken},
      {flow_name{"kills"}, kills},
  };
}

}  // namespace stet_crash
