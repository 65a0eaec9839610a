// Clocks that are wrong, are set right, or are suspended, compared with the true time: nothing ends
// before its whole length has passed, and nothing takes more than twice its length.
#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

using ms = std::int64_t;

inline constexpr stet::workflow<std::string(std::string, ms)> Timed{"timed"};
inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::signal<int> Never{"never"};
constexpr ms second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

/// The clocks of a machine whose wall clock is wrong, and which may be suspended.
class wrong_clock : public stet::clock {
 public:
  explicit wrong_clock(bool tells) : tells_uptime(tells) {}
  stet::time_point wall() noexcept override {
    return stet::time_point(stet::duration(true_ms + error));
  }
  stet::duration steady() noexcept override { return stet::duration(true_ms - booted - suspended); }
  std::optional<stet::duration> uptime() noexcept override {
    if (!tells_uptime) return std::nullopt;
    return stet::duration(true_ms - booted);
  }

  ms true_ms = fake_clock::epoch;
  ms error = 0;  // how far the wall clock is ahead
  ms booted = fake_clock::epoch - hour, suspended = 0;
  bool tells_uptime;
};

/// The true time in which engines ran, and how much of it each thing took.
class book final : public stet::listener {
 public:
  book(wrong_clock& c, std::string how) : clock_(c), seed_(std::move(how)) {}
  /// Gets a workflow's ctx.log: "asked 60000" or "ended", never in a replay.
  void log(std::string_view id, std::string_view line) noexcept override {
    if (line == "ended") end(std::string(id));
    else ask(std::string(id), std::stoll(std::string(line.substr(6))));
  }
  void problem(std::string_view) noexcept override {}

  void ask(const std::string& id, ms length) {
    open_[id] = {length, clock_.true_ms, clock_.true_ms - down, lives, false};
  }
  void end(const std::string& id) {
    auto found = open_.find(id);
    if (found == open_.end()) return;
    auto [length, asked, asked_running, life, is_doubtful] = found->second;
    auto took = clock_.true_ms - asked, running = clock_.true_ms - down - asked_running;
    INFO("seed ", seed_, ", ", id, " of ", length, " ms took ", took, " ms, and ", running,
         " ms of engines");
    if (!is_doubtful) CHECK(took >= length);
    // Twice its length, the time that a life with a wrong clock may forget, and this test's own
    // steps.
    CHECK(running <= 2 * length + 2 * minute * lives);
    open_.erase(found);
    ++ended;
  }
  /// The true length of things that began in this life is unknown.
  void doubt() {
    for (auto& [id, o] : open_) o.is_doubtful |= o.life == lives;
  }
  bool is_open(const std::string& id) const { return open_.contains(id); }
  bool is_empty() const { return open_.empty(); }
  std::vector<std::string> ids() const {
    std::vector<std::string> all;
    for (auto& [id, o] : open_) all.push_back(id);
    return all;
  }

  ms down = 0;  // true time in which no engine ran
  int lives = 1;
  int ended = 0;

 private:
  struct entry {
    ms length, asked, asked_running;
    int life;
    bool is_doubtful;
  };
  wrong_clock& clock_;
  std::string seed_;
  std::map<std::string, entry> open_;
};

stet::task<std::string> timed(book& b, stet::context& ctx, std::string what, ms length) {
  if (what == "delay") {
    ctx.log("ended");
    co_return "";
  }
  if (what == "timeout") co_await ctx.receive(Never);
  if (what == "retry") {
    std::string id(ctx.id());
    stet::retry_policy once{.initial_interval = stet::duration(length), .backoff = 1, .jitter = 0};
    co_await ctx.step("x", {.retry = once}, [&b, id, length] {
      if (b.is_open(id)) return b.end(id);
      b.ask(id, length);
      throw std::runtime_error("again");
    });
    co_return "";
  }
  ctx.log("asked " + std::to_string(length));
  if (what == "sleep") co_await ctx.sleep(stet::duration(length));
  if (what == "receive") co_await ctx.receive(Never, stet::duration(length));
  if (what == "total") {
    stet::retry_policy often{
        .initial_interval = stet::duration(length / 7), .backoff = 1, .jitter = 0};
    (void)co_await ctx.try_step("x", {.retry = often, .total_timeout = stet::duration(length)},
                                [] { throw std::runtime_error("again"); });
  }
  ctx.log("ended");
  co_return "";
}

constexpr ms retention = 3 * hour;

/// One machine, driven by one seed.
class ordeal {
 public:
  ordeal(unsigned seed, bool tells_uptime)
      : clock(tells_uptime),
        notes(clock, std::to_string(seed) + (tells_uptime ? " with" : " without") + " uptime"),
        chance(seed),
        w({.resident = seed % 3 ? std::size_t{100'000} : 0}) {
    w.options.clock = &clock;
    w.options.listener = &notes;
    w.options.retention = stet::duration(retention);
    w.open([this](stet::engine& e) {
      e.define(Timed, [this](stet::context& ctx, std::string what, ms length) {
        return timed(notes, ctx, std::move(what), length);
      });
    });
  }

  void play() {
    for (int i = 0; i < 40; ++i) {
      switch (below(8)) {
        case 0: set(); break;
        case 1: live_again(); break;
        case 2:
          if (clock.tells_uptime) suspend(below(2 * hour));
          break;
        case 3: pass(below(2 * hour)); break;
        case 4: pass(below(10 * minute)); break;
        default: start(i);
      }
    }
    for (int i = 0; i < 1000 && !notes.is_empty(); ++i) pass(hour);
    INFO("seed ", chance_seed());
    CHECK(notes.is_empty());
  }
  int ended() const { return notes.ended; }

 private:
  ms below(ms n) { return static_cast<ms>(chance() % static_cast<std::uint64_t>(n)); }
  std::string chance_seed() const { return notes.is_empty() ? "ok" : notes.ids().front(); }

  void start(int i) {
    static constexpr const char* kinds[] = {"sleep", "receive", "retry",    "total",
                                            "delay", "timeout", "execution"};
    static constexpr ms lengths[] = {minute, 10 * minute, hour, 5 * hour};
    std::string what = kinds[below(7)];
    auto length = lengths[below(4)];
    auto id = what + "/" + std::to_string(i);
    stet::start_options o;
    if (what == "delay") o.delay = stet::duration(length);
    if (what == "timeout") o.run_timeout = stet::duration(length);
    if (what == "execution") o.execution_timeout = stet::duration(length);
    if (what == "delay" || what == "timeout" || what == "execution") notes.ask(id, length);
    w.engine().start(Timed, id, o, what == "execution" ? "timeout" : what, length);
    running_.push_back(id);
    settle();
  }

  void settle() {
    w.engine().run_until_idle();
    for (auto& id : notes.ids()) {  // runs that don't log
      bool is_run = id.starts_with("timeout") || id.starts_with("execution");
      bool is_kept = id.starts_with("kept/");
      if (!is_run && !is_kept) continue;
      auto info = w.engine().admin().describe(is_kept ? id.substr(5) : id);
      if (is_kept ? !info : info && info->status == stet::status::timed_out) notes.end(id);
    }
    for (auto& id : running_) {
      auto info = w.engine().admin().describe(id);
      if (info && info->status != stet::status::running) notes.ask("kept/" + id, retention);
    }
    std::erase_if(running_, [&](auto& id) { return notes.is_open("kept/" + id); });
  }

  void pass(ms d) {
    for (; d > 0; d -= 30 * second) {
      clock.true_ms += std::min(d, 30 * second);
      settle();
    }
  }
  void suspend(ms d) {
    clock.true_ms += d;
    clock.suspended += d;
    notes.down += d;  // no clock shows a suspension
    settle();
  }

  ms some_error() {
    ms errors[] = {-5 * second, -minute, -hour, -day, -(clock.true_ms - below(hour))};
    return errors[below(5)];
  }

  /// Whether engine time is too early without any sign that the engine could see.
  bool is_hidden() const { return engine_error_ < 0 && engine_error_ == believed_error_; }
  void is_now(ms error) {
    engine_error_ = error;
    believed_error_ = std::max(believed_error_, error);
  }

  /// Sets the wall clock while an engine runs: to some error, or right again.
  void set() {
    clock.error = below(2) ? 0 : some_error();
    is_now(std::max(engine_error_, clock.error));
    settle();
  }

  /// Makes the store record the time. The engine measures from the last recorded time how far a
  /// clock was set back; it can't tell time that passed after that from an error.
  void note_time() {
    w.engine().start(Timed, "note/" + std::to_string(notes.lives), "delay", 0);
    w.engine().run_until_idle();
  }

  /// Ends the process and begins another, perhaps after a reboot, perhaps with another clock. If a
  /// wrong clock merely looks like a shorter downtime, no engine could notice it, so the test
  /// doesn't ask for that.
  void live_again() {
    bool is_set_back = below(3) == 0;
    if (is_set_back || engine_error_ < 0) note_time();
    if (is_hidden()) notes.doubt();  // a later right clock looks like downtime
    if (below(2)) w.crash();
    else w.close();
    ms downtime = below(3) ? below(3 * hour) : 0;
    if (is_set_back) {  // visibly
      downtime = 0;
      clock.error = std::min(engine_error_ - 5 * second, some_error());
    } else if (is_hidden() && below(2)) {
      clock.error = engine_error_;
    } else if (engine_error_ == 0 && downtime > minute && clock.tells_uptime && below(2)) {
      clock.error = -below(downtime - second);  // it stood still: a board keeps it in a file
      believed_error_ = clock.error;
    } else {
      clock.error = 0;
    }
    is_now(clock.error);
    clock.true_ms += downtime;
    notes.down += downtime;
    ++notes.lives;
    clock.booted = clock.true_ms - second;
    clock.suspended = 0;
    w.reopen();
    settle();
  }

  wrong_clock clock;
  book notes;
  std::mt19937_64 chance;
  world w;
  std::vector<std::string> running_;
  ms engine_error_ = 0;    // of engine time
  ms believed_error_ = 0;  // its value if the engine trusts its clock
};

/// Sleeps an hour, then logs that it is awake.
void define_hour(stet::engine& e) {
  e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
    co_await ctx.sleep(1h);
    ctx.log("awake");
    co_return "slept";
  });
}
stet::status status_of(world& w) { return w.engine().find(Text, "t")->status(); }

/// Plays `scenario` twice, with a wrong clock at a start after ten minutes: first it is an hour
/// too early, then it begins in 1970.
void for_each_error(const std::function<void(world&, stet::duration)>& scenario) {
  everywhere([&](world& w) { scenario(w, -70min); });
  everywhere([&](world& w) {
    scenario(w, stet::duration(10 * second) - w.clock.wall().time_since_epoch());
  });
}
/// The process dies, and begins again after ten minutes with a wrong clock.
void live_with(world& w, stet::duration error) {
  w.crash();
  w.clock.advance(10min);
  w.clock.set(error);
  w.reopen();
  w.settle();
}

/// Counts how often the wall clock was read.
class counted_clock final : public fake_clock {
 public:
  stet::time_point wall() noexcept override {
    ++looks;
    return fake_clock::wall();
  }
  std::atomic<int> looks{0};
};

}  // namespace

TEST_CASE("whatever is done to the clocks, nothing ends before its time or takes twice as long") {
  constexpr unsigned seeds = 150;
  int ended = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    for (bool tells : {true, false}) {
      ordeal o(seed, tells);
      o.play();
      ended += o.ended();
    }
  }
  CHECK(ended > static_cast<int>(seeds));  // the test isn't empty
}

TEST_CASE("a sleep ends when it should though the clock was wrong at a start and is set right") {
  for_each_error([](world& w, stet::duration error) {
    w.open(define_hour);
    w.engine().start(Text, "t");
    w.settle();
    live_with(w, error);
    w.pass(1min);
    w.clock.set(-error);
    w.settle();
    CHECK(status_of(w) == stet::status::running);
    w.pass(49min - 1ms);
    CHECK(status_of(w) == stet::status::running);
    w.pass(1ms);
    CHECK(status_of(w) == stet::status::completed);
  });
}

TEST_CASE("a sleep that began while the clock was wrong is whole, also over another start") {
  for_each_error([](world& w, stet::duration error) {
    w.open(define_hour);
    w.engine().start(Text, "before");  // so that the store knows a time
    w.settle();
    live_with(w, error);
    w.engine().start(Text, "t");
    w.pass(1min);
    w.clock.set(-error);
    w.pass(1min);
    w.engine().cancel("before");  // when it returns, the news of the clock is durable
    w.restart();
    w.settle();
    CHECK(status_of(w) == stet::status::running);
    w.pass(58min - 1ms);
    CHECK(status_of(w) == stet::status::running);
    w.pass(1ms);
    CHECK(status_of(w) == stet::status::completed);
  });
}

TEST_CASE("a run that began while the clock was wrong has all of its time") {
  for_each_error([](world& w, stet::duration error) {
    w.open([](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.receive(Never);
        co_return "";
      });
    });
    w.engine().start(Text, "before");  // so that the store knows a time
    w.settle();
    live_with(w, error);
    w.engine().start(Text, "t", stet::start_options{.run_timeout = 1h});
    w.pass(1s);
    w.clock.set(-error);
    w.pass(1h - 1s - 1ms);
    CHECK(status_of(w) == stet::status::running);
    w.pass(1ms);
    CHECK(status_of(w) == stet::status::timed_out);
  });
}

TEST_CASE("a result is kept for all of its time though the clock was wrong when its run ended") {
  for_each_error([](world& w, stet::duration error) {
    w.options.retention = 1h;
    w.open([](stet::engine& e) {
      e.define(Text, [](stet::context&) -> stet::task<std::string> { co_return "here"; });
    });
    w.engine().start(Text, "before");
    w.settle();
    live_with(w, error);
    w.run(Text, "t");
    w.pass(1s);
    w.clock.set(-error);
    w.pass(1s);
    w.restart();
    w.pass(1h - 2s - 1ms);
    CHECK(w.engine().admin().describe("t"));
    w.pass(2min);
    CHECK(!w.engine().admin().describe("t"));
  });
}

TEST_CASE("what is due is shown as the wall clock will show it, also when that was set back") {
  everywhere_by_hand([](world& w) {
    w.open(define_hour);
    auto run = w.engine().start(Text, "t");
    w.settle();
    w.clock.set(-1h);
    const auto due = w.clock.wall() + 1h;
    CHECK(w.engine().next_wakeup() == due);  // asked before the engine has seen the clock
    CHECK(w.engine().time_to_next_wakeup() == stet::duration(1h));
    auto info = w.engine().admin().describe("t").value();
    CHECK(info.next_wakeup == due);
    CHECK(info.waits_for.at(0).due == due);
    w.settle();
    CHECK(w.engine().next_wakeup() == due);
    w.pass(*w.engine().next_wakeup() - w.clock.wall());
    CHECK(run.status() == stet::status::completed);
  });
}

TEST_CASE("an idle engine notices soon that its machine was suspended") {
  world w({.threads = 2});
  w.open(define_hour);
  auto run = w.engine().start(Text, "t");
  w.settle();
  w.clock.set(2h);  // the steady clock stood still, and there are no calls
  for (int i = 0; i < 30'000 && w.heard.logs().empty(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(!w.heard.logs().empty());
  CHECK(run.result() == "slept");
}

TEST_CASE("an engine that waits for nothing doesn't look at its clocks") {
  counted_clock clock;
  world w({.threads = 2});
  w.options.clock = &clock;
  w.open(define_hour);
  w.engine().start(Text, "t");
  w.engine().cancel("t");
  (void)w.engine().find(Text, "t")->wait_for(1s);
  std::this_thread::sleep_for(100ms);
  auto before = clock.looks.load();
  std::this_thread::sleep_for(5s);
  CHECK(clock.looks - before <= 1);
  w.close();
}
