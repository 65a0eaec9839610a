#include "simulation/lasts.hpp"

#include <stdexcept>

#include "crash/bodies.hpp"

namespace stet_simulation {
namespace {

using stet_crash::Add;
using stet_crash::Answer;
using stet_crash::Box;
using stet_crash::Number;
using ms = stet::duration;

constexpr stet_crash::flow_name Parting{"parting"}, Born{"born"}, Heir{"heir"},
    Testator{"testator"};
constexpr stet::update<int(int)> Bye{"bye"};
constexpr int partings = 4, testators = 3;
constexpr std::string_view own_box = "last";  // its contents aren't counted

/// Uses the context in its destructor, however its frame ends.
class farewell {
 public:
  explicit farewell(stet::context& c) noexcept : ctx_(c) {}
  farewell(const farewell&) = delete;
  farewell& operator=(const farewell&) = delete;
  ~farewell() {
    if (!here().has_farewells) return;
    ctx_.set_details("gone");
    ctx_.log("gone");
    (void)ctx_.random();
    (void)ctx_.uuid();
  }

 private:
  stet::context& ctx_;
};

/// Starts a child in its destructor. If the run returns, that is in its last drive.
class late_parent {
 public:
  explicit late_parent(stet::context& c) noexcept : ctx_(c) {}
  late_parent(const late_parent&) = delete;
  late_parent& operator=(const late_parent&) = delete;
  ~late_parent() {
    (void)ctx_.start_child(Born, std::string(ctx_.id()) + "/late",
                           {.parent_close = stet::parent_close::abandon}, 1);
  }

 private:
  stet::context& ctx_;
};

/// Cancels its scope when its frame ends, with a sibling pending.
class canceller {
 public:
  explicit canceller(stet::scope& s) noexcept : scope_(s) {}
  canceller(const canceller&) = delete;
  canceller& operator=(const canceller&) = delete;
  ~canceller() {
    if (here().has_farewells) scope_.cancel("gone");
  }

 private:
  stet::scope& scope_;
};

stet::task<std::string> born(stet::context& ctx, int) {
  farewell f(ctx);
  co_await stet_crash::step(ctx, "born", 1);
  co_await ctx.sleep(ms(30));
  co_return "born";
}

/// Its argument: what it does last, what it awaits before that, and how it ends.
struct parting_plan {
  enum deed { abandons, asks, ends, abandons_by_handler, signals, calls, cancels, late };
  enum before { nothing, step, sleep, scope };
  enum ending { returns, throws, goes_on, is_cancelled };
  int what, first, how;
  bool is_continued;
  explicit parting_plan(int n)
      : what(n % 8), first(n / 8 % 4), how(n / 32 % 4), is_continued(n >= 128) {}
  static int of(int what, int first, int how) { return what + 8 * first + 32 * how; }
  static constexpr int continued = 128;
};

class parting {
 public:
  parting(stet::context& c, int n) : ctx_(c), id_(c.id()), plan_(n) {}

  stet::task<std::string> play() {
    if (plan_.is_continued) co_return "went on";
    bool bye = false;
    auto saying = ctx_.on(Bye, [&](stet::context& c, int n) -> stet::task<int> {
      bye = true;
      co_await by_handler(c);
      co_return n;
    });
    co_await before();
    if (plan_.what <= parting_plan::ends) {
      auto policy = plan_.what == parting_plan::abandons ? stet::parent_close::abandon
                    : plan_.what == parting_plan::asks   ? stet::parent_close::request_cancel
                                                         : stet::parent_close::terminate;
      (void)ctx_.start_child(Born, id_ + "/born", {.parent_close = policy}, 1);
    } else if (plan_.what != parting_plan::late) {
      co_await ctx_.until([&] { return bye; });
    }
    if (plan_.what == parting_plan::late) {
      late_parent now(ctx_);
      co_return "late";
    }
    if (plan_.how == parting_plan::throws) throw stet::permanent_error("it ends so");
    if (plan_.how == parting_plan::is_cancelled) throw stet::cancelled("it ends so");
    if (plan_.how == parting_plan::goes_on)
      co_return co_await ctx_.continue_as_new(Parting, parting_plan::continued);
    co_return "gone";
  }

 private:
  stet::task<void> before() {
    switch (plan_.first) {
      case parting_plan::step: co_await stet_crash::step(ctx_, "before", 1); break;
      case parting_plan::sleep: co_await ctx_.sleep(ms(20)); break;
      case parting_plan::scope:
        (void)co_await stet::with_scope([&](stet::scope& part) -> stet::task<void> {
          canceller c(part);
          co_await stet::all(ctx_.sleep(ms(300)), stet_crash::step(ctx_, "beside", 1),
                             ctx_.receive(Number, ms(400)));
        });
        break;
      default: break;
    }
  }
  /// The main coroutine ends when this handler has only just begun something.
  stet::task<void> by_handler(stet::context& c) {
    auto heir = "q" + std::to_string(id_.back() % testators) + "/heir";
    switch (plan_.what) {
      case parting_plan::abandons_by_handler:
        (void)c.start_child(Born, id_ + "/born", {.parent_close = stet::parent_close::abandon}, 1);
        break;
      case parting_plan::signals: co_await c.signal(heir, Number, unique(c)); break;
      case parting_plan::calls: (void)co_await c.call(Box, own_box, stet_crash::Put, 1); break;
      case parting_plan::cancels: co_await c.cancel(heir, "by " + id_); break;
      default: break;
    }
  }
  static int unique(stet::context& c) {
    return 1'000'000 + static_cast<int>(c.random() % 1'000'000'000);
  }

  stet::context& ctx_;
  std::string id_;
  parting_plan plan_;
};

/// A run that was cancelled before it began must not begin.
void begin(const std::string& id) {
  if (!here().power) return;
  if (here().never.contains(id))
    here().wrong.push_back("I9 '" + id + "' was cancelled before it began, and begins");
  here().begun.insert(id);
}

stet::task<std::string> part(stet::context& ctx, int n) {
  begin(std::string(ctx.id()));
  farewell f(ctx);
  parting p(ctx, n);
  co_return co_await p.play();
}

/// Continues as new `left` times, each time by another event, while others wait. The last run reads
/// all messages.
stet::task<std::string> inherit(stet::context& ctx, int left) {
  farewell f(ctx);
  std::string id(ctx.id());
  auto adding = ctx.on(Add, [](int n) { return n; });
  if (left > 0) {
    auto name = std::to_string(left);
    switch (left % 4) {
      case 1: co_await stet_crash::step(ctx, "g" + name, 1); break;
      case 2: (void)co_await ctx.receive(Number, ms(1'000)); break;
      case 3: {
        auto asked = ctx.promise(Answer);
        co_await ctx.step("ask", {.run_inline = true}, [&](stet::step_context& c) {
          stet_crash::effect(c, id, "ask");
          if (here().power) here().tokens.insert(asked.token());
        });
        co_await stet::any(ctx.receive(Number), ctx.sleep(ms(20)), asked.wait(),
                           ctx.child(Born, id + "/c" + name, 1));
        break;
      }
      default: break;
    }
    co_return co_await ctx.continue_as_new(Heir, left - 1);
  }
  while (co_await ctx.receive(Number, ms(60'000))) {}
  co_return "heir";
}

/// Starts a chain, and sends it several messages in one drive.
stet::task<std::string> bequeath(stet::context& ctx, int n) {
  farewell f(ctx);
  static constexpr stet::parent_close policies[] = {stet::parent_close::abandon,
                                                    stet::parent_close::request_cancel,
                                                    stet::parent_close::terminate};
  auto id = std::string(ctx.id()) + "/heir";
  auto heir = ctx.start_child(Heir, id, {.parent_close = policies[n % 3]}, n / 3 % 5);
  if (n & 16) co_await stet_crash::step(ctx, "wait", 1);
  if (n & 32) co_await ctx.sleep(ms(30));
  int number = 1'000'000 + static_cast<int>(ctx.random() % 1'000'000'000);
  if (n & 64) {
    co_await stet::try_all(ctx.signal(id, Number, number), ctx.cancel(id, "enough"),
                           ctx.signal(id, Number, number + 1));
  } else {
    co_await stet::try_all(ctx.signal(id, Number, number), ctx.update(id, Add, 1),
                           ctx.signal(id, Number, number + 1));
  }
  if (n & 128) co_return "left";
  auto end = co_await stet::attempt(heir.result());
  co_return end ? *end : "without";
}

std::string parting_id(int n) { return "p" + std::to_string(n); }
std::string testator_id(int n) { return "q" + std::to_string(n); }

}  // namespace

std::vector<stet_crash::flow> last_flows() {
  return {{Parting, part}, {Born, born}, {Heir, inherit}, {Testator, bequeath}};
}

bool lasts::is_one(std::string_view id) {
  return id.starts_with("p") || id.starts_with("q") || id == Box.id_of(own_box);
}

void lasts::act() {
  ++m_.result.kinds["last act"];
  luck_.one_in(2) ? start() : send();
}

void lasts::start() {
  if (luck_.one_in(2)) {
    auto id = testator_id(luck_.below(testators));
    int n = luck_.below(256);
    m_.ask("start " + id + " " + std::to_string(n), [&](stet::engine& e) {
      (void)e.start(Testator, id, n);
      if (m_.disk.power) stet_crash::tell(stet_crash::fact_kind::run, {id});
    });
    return;
  }
  auto id = parting_id(luck_.below(partings));
  int n = parting_plan::of(luck_.below(8), luck_.below(4), luck_.below(4));
  stet::start_options o;
  if (luck_.one_in(3)) o.delay = ms(luck_.below(100));
  m_.ask("start " + id + " " + std::to_string(n), [&](stet::engine& e) {
    (void)e.start(Parting, id, o, n);
    if (m_.disk.power) stet_crash::tell(stet_crash::fact_kind::run, {id});
  });
}

/// Sends to a parting, or to a chain that may be continuing at that moment.
void lasts::send() {
  auto heir = testator_id(luck_.below(testators)) + "/heir";
  switch (luck_.below(6)) {
    case 0: return feed(parting_id(luck_.below(partings)));
    case 4: return cancel(parting_id(luck_.below(partings)));
    case 1:
      m_.ask("cancel " + heir, [&](stet::engine& e) {
        if (!e.admin().describe(heir)) return;
        e.cancel(heir, "the host");
        if (m_.disk.power) stet_crash::tell(stet_crash::fact_kind::cancel, {heir});
      });
      return;
    case 2:
      m_.ask("add to " + heir, [&](stet::engine& e) {
        auto run = e.find(Heir, heir);
        if (run) (void)run->start_update(Add, {.id = "l" + std::to_string(++number_)}, 1);
      });
      return;
    case 3:
      (void)m_.close();
      m_.start();
      return;
    default: m_.ask("signal " + heir, [&](stet::engine& e) { e.signal(heir, Number, ++number_); });
  }
}

void lasts::cancel(const std::string& id) {
  m_.ask("cancel " + id, [&](stet::engine& e) {
    auto info = e.admin().describe(id);
    if (!info || info->closed != stet::time_point()) return;
    e.cancel(id, "the host");
    if (!m_.disk.power) return;
    stet_crash::tell(stet_crash::fact_kind::cancel, {id});
    if (!here().begun.contains(id)) here().never.insert(id);
  });
}

void lasts::feed(const std::string& id) {
  if (!id.starts_with("p") || id.find('/') != std::string::npos) return;
  m_.ask("bye " + id, [&](stet::engine& e) {
    auto run = e.find(Parting, id);
    if (run) (void)run->start_update(Bye, {.id = "bye " + std::to_string(++number_)}, 1);
  });
}

}  // namespace stet_simulation
