// Tests of workflows: a clock that skips sleeps, steps that are replaced, a crash at every commit.
// In a library of its own: libstet-testing.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/engine.hpp>
#include <stet/export.hpp>
#include <stet/preview.hpp>
#include <stet/step.hpp>
#include <stet/test_doubles.hpp>

namespace stet { inline namespace v0 { namespace testing {

/// A replacement for a step's body, or something around it: made by environment::mock. A new one
/// counts the attempts, and the body runs.
///
/// Thread   one; while no engine call is under way, except from functions that the environment
///          calls itself.
class STET_API step_mock {
 public:
  /// Doesn't run the body: the step returns `value`. It must have the type that the body would
  /// return, or the workflow gets errc::payload (and is stalled if it lets that escape).
  template <class T> step_mock& returns(const T& value) {
    std::string payload;
    encode<detail::kept_t<T>>(payload, value);
    return answers([payload](const step_attempt&) { return payload; });
  }
  step_mock& returns();  ///< the same for a body that returns nothing
  /// Runs `f(const step_attempt&)` instead of the body: the step returns what `f` returns, or fails
  /// with what it throws.
  ///     env.mock("charge").runs([&](const stet::step_attempt& a) {
  ///       auto [card, cents] = stet::decode<std::tuple<std::string, int>>(a.arguments);
  ///       return "receipt for " + std::to_string(cents);
  ///     });
  template <class F>
    requires std::invocable<F&, const step_attempt&>
  step_mock& runs(F f) {
    using R = std::invoke_result_t<F&, const step_attempt&>;
    return answers([f = std::move(f)](const step_attempt& a) mutable {
      std::string payload;
      if constexpr (std::is_void_v<R>) {
        f(a);
        writer(payload).null();
      } else {
        encode<R>(payload, f(a));
      }
      return payload;
    });
  }
  /// Makes the next `times` attempts fail with a std::runtime_error before anything is run. They
  /// are retried as the step's policy says.
  step_mock& fails(unsigned times, const std::string& text = "a failure injected by the test");
  /// Makes the next `times` attempts throw `e`; a permanent_error, or a declared error, ends the
  /// step.
  template <class E>
    requires std::derived_from<E, std::exception>
  step_mock& throws(const E& e, unsigned times = 1) {
    return fails_with(times, std::make_exception_ptr(e));
  }
  /// Lets each attempt take this long, on the environment's clock. Bodies of several steps take
  /// their time at once; a step with run_inline, and one of ctx.transact, holds everything up, as
  /// it does in a real engine.
  step_mock& takes(duration d);
  /// Returns the number of attempts so far, failed ones included.
  unsigned calls() const noexcept { return calls_; }

 private:
  friend class environment;
  step_mock& answers(std::function<std::string(const step_attempt&)> f);
  step_mock& fails_with(unsigned times, std::exception_ptr e);
  std::string run(const step_attempt& a, step_body& body);
  bool is_for(const step_attempt& a) const noexcept;

  std::string step_, workflow_, id_;
  std::function<std::string(const step_attempt&)> answer_;
  std::exception_ptr failure_;
  unsigned failures_ = 0, calls_ = 0;
  duration takes_{};
};

/// Says which runs a mock is for. Empty means all.
struct mock_options {
  std::string_view workflow{};  ///< of this workflow only
  std::string_view id{};        ///< of the run with this id only
};

/// Failures of steps of any name. They are std::runtime_errors, and retried as such.
struct step_faults {
  unsigned every = 0;       ///< each n-th attempt fails; at least 2, or 0: none
  double chance = 0;        ///< the probability that an attempt fails, 0 to less than 1, by `seed`
  bool after_body = false;  ///< the body runs and has its effect, but its result is lost
};

/// Options of an environment.
struct environment_options {
  /// The options of its engines. The environment itself is their clock, executor, interceptor and
  /// entropy, and their listener unless there is one here; threads are 0. `seed` determines the
  /// random bits.
  engine_options engine{.threads = 0,
                        .resident_runs_max = 0,  // each coroutine is rebuilt after each event
                        .commits = durability::process,
                        .replay_check_interval = 1,  // and compared with a replay of everything
                        .compare = compared::arguments};
  std::uint64_t seed = 1;                            ///< of the random bits
  time_point start{duration(virtual_clock::epoch)};  ///< the clock's time at first
  /// Opens the store, anew after each restart. Empty means one in memory.
  std::function<std::unique_ptr<store>()> open_store{};
};

/// An engine for tests: nothing takes real time. While the test waits for a result and nothing else
/// is under way, the clock moves to the time at which something is due next.
///     stet::testing::environment env([](stet::engine& e) { e.define(Trial, trial); });
///     env.mock("charge").fails(2).returns("receipt");
///     auto run = env.engine().start(Trial, "ann", "ann");
///     env.at(3 * 24h, [&] { run.signal(Cancelled, true); });
///     CHECK(run.result() == "cancelled");  // 30 days of sleep, at once
///
/// If a result can't come any more, the wait for it throws errc::usage; the message says what is
/// waited for. Everything happens on the caller's thread, bodies too.
///
/// Thread   one.
class STET_API environment {
 public:
  using definitions = std::function<void(stet::engine&)>;

  /// Opens an engine, defines and starts it.
  /// Throws   errc::usage for options that aren't the caller's to set; what `define`, the store and
  ///          the engine throw.
  explicit environment(definitions define, environment_options o = {});
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  ~environment();

  /// Returns the engine that is open now. Its own run_until_idle() runs no bodies: use the
  /// environment's.
  stet::engine& engine() noexcept;
  /// Runs a workflow to its end, and returns its result.
  template <class R, class... A>
  R run(const workflow<R(A...)>& w, std::string_view id, std::type_identity_t<A>... arguments) {
    return engine().start(w, id, std::move(arguments)...).result();
  }

  /// Returns the time of the engine's clock.
  time_point now() noexcept;
  /// Returns the engine's clock.
  virtual_clock& clock() noexcept;
  /// Calls `f` when this much time has passed from now: it may send signals, start runs, change
  /// mocks. An exception of `f` comes out of the call during which it was due.
  void at(duration from_now, std::function<void()> f);
  /// Does everything that can be done while no time passes.
  void run_until_idle();
  /// Lets time pass: everything that falls due happens at its own time, in its order.
  void advance(duration d);
  /// Lets time pass until nothing is due any more, but not longer than `at_most`: some workflows
  /// poll for ever.
  void finish(duration at_most = std::chrono::hours(24 * 365 * 10));

  /// Adds a mock for the steps of this name. If several mocks fit an attempt, the latest one gets
  /// it. Lives as long as the environment.
  step_mock& mock(std::string_view step, mock_options only = {});
  /// Makes steps fail.
  /// Throws   errc::usage for faults of which no step would ever end.
  void fail_steps(step_faults f);

  /// Closes the engine and opens another on the same store.
  void restart();
  /// Lets the process die and start again: from now on nothing reaches the store, then another
  /// engine is opened on what the store holds.
  void crash();
  /// Returns the plan of the store's failures.
  faults& store_faults() noexcept;
  /// Returns what was logged and reported, by all its engines.
  /// Throws   errc::usage if the options had another listener.
  const recorder& heard() const;

 private:
  friend class deaths;
  class impl;
  explicit environment(std::unique_ptr<impl> i);  // not opened yet
  std::unique_ptr<impl> impl_;
};

/// The result of crash_everywhere.
struct crash_report {
  unsigned crashes = 0;               ///< how many crashes, each in a world of its own
  std::string outcome;                ///< of the world without a crash
  std::vector<std::string> problems;  ///< each names the crash: "before commit 3: …"
  bool ok() const noexcept { return problems.empty(); }
  /// Returns all problems, a line each, for a test's message; if there is none, a line that says
  /// how many crashes there were.
  STET_API std::string text() const;
};

/// A test scenario that is played again and again: see crash_everywhere.
struct story {
  /// Defines workflows whose bodies count their effects in the world.
  std::function<void(stet::engine&, effects&)> define;
  /// Called once for each world, before its engine exists. It makes mocks, plans with
  /// environment::at what the world outside does, and chooses the place where options.open_store
  /// opens the store of this world. The world outside calls env.engine().signal(…) with an
  /// idempotency key, since a callback that a death cuts short is called again. May be empty.
  std::function<void(environment&)> prepare{};
  /// Plays the scenario: starts runs, signals, waits. Returns a text that must be the same whatever
  /// crashed. It is called again after each crash, and once more after a restart at the end, so it
  /// has to find what it did already: runs by their ids, signals by their idempotency keys.
  std::function<std::string(environment&)> tell;
  environment_options options{};
};

/// Plays a story once without a crash, then twice for each commit: the process dies just before the
/// commit reaches the store, or just after; it starts again, and the story goes on to its end. In
/// each world the outcome must be the same, and each effect must have happened as often as was
/// promised: for `hit` at least as often as without the crash and at most twice as often (each
/// effect may have been under way), for `hit_once` as often, for `hit_at_most_once` at most as
/// often.
///     auto report = stet::testing::crash_everywhere({
///         .define = [](stet::engine& e, stet::testing::effects& world) { … },
///         .tell = [](auto& env) { return env.run(Pay, "p-1", order); }});
///     CHECK_MESSAGE(report.ok(), report.text());
///
/// Throws   what the story throws in the world without a crash. In another world its exception is a
///          problem.
STET_API crash_report crash_everywhere(const story& s);

/// The longest outcome that crash_everywhere shows, in bytes.
inline constexpr std::size_t outcome_bytes_max = 1u << 20;

/// Plays one run of a workflow as a story. The outcome is its result, or how it failed.
template <class R, class... A>
crash_report crash_everywhere(std::function<void(stet::engine&, effects&)> define,
                              const workflow<R(A...)>& w, std::type_identity_t<A>... arguments) {
  story s;
  s.define = std::move(define);
  s.tell = [&w, kept = std::tuple<A...>(std::move(arguments)...)](environment& env) {
    std::string result;
    auto run =
        std::apply([&](const A&... a) { return env.engine().start(w, "story", a...); }, kept);
    try {
      if constexpr (std::is_void_v<R>) run.result();
      else encode<R>(result, run.result());
    } catch (const store_error&) { throw; } catch (const failed& e) {
      return "failed: " + e.type() + ": " + e.message();
    } catch (const std::exception& e) {
      if (run.status() == status::running || run.status() == status::stalled) throw;
      return "failed: " + detail::words_of(e);
    }
    return "completed with " + describe_payload(result, outcome_bytes_max);
  };
  return crash_everywhere(s);
}

/// The result of replay.
struct replay_report {
  unsigned histories = 0;            ///< how many were replayed
  std::vector<stalled_run> stalled;  ///< the runs that this program would stall, and why
  std::vector<std::string> files;    ///< the files of these histories, from replay_folder
  bool ok() const noexcept { return stalled.empty(); }
  /// Returns all stalled runs, a line each: for a test's message.
  STET_API std::string text() const;
};

/// Replays histories (stet::export_history) with the workflows that `define` defines: which of
/// these runs would a deploy of today's code stall? engine::preview answers that for a whole store.
/// Stricter than a deploy, it compares arguments too, as compared::arguments does.
///
/// Throws   errc::corrupt for bytes that are no history; errc::payload for a sealed one; what
///          `define` throws.
STET_API replay_report replay(const environment::definitions& define,
                              const std::vector<std::string>& histories);
/// Replays all files of a folder whose name ends with ".history".
/// Throws   as replay; errc::not_found if there is no such file, or if one can't be read.
STET_API replay_report replay_folder(const environment::definitions& define,
                                     const std::string& folder);

}}}  // namespace stet::v0::testing
