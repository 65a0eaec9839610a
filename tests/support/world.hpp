// Everything that a scenario needs: a store that outlives its engines, time and entropy that the
// test controls, crashes, and the matrix of engines in which a scenario must have the same outcome.
#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <stet/memory.hpp>
#include <stet/stet.hpp>

#include "fake_environment.hpp"
#include "fault_store.hpp"
#include "temporary_directory.hpp"

namespace stet_tests {

using namespace std::chrono_literals;  // NOLINT: tests speak of 5min and 3h

/// One engine of the matrix.
struct cell {
  bool lmdb = false;  // in a file: LMDB, or the store that STET_TESTS_FILES names
  std::size_t resident = 100'000;
  unsigned threads = 0;
  unsigned check = 0;  // replay_check_interval
  std::string name() const;
};

class world {
 public:
  using definer = std::function<void(stet::engine&)>;

  explicit world(cell c = {});
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world();

  /// Opens an engine with these definitions, which later engines get too, and starts it.
  world& open(definer d);
  /// Opens another engine on the store, with the definitions of the last one.
  void reopen();
  /// Makes an engine, but doesn't start it.
  std::unique_ptr<stet::engine> make();
  /// Closes the engine.
  void close();
  /// Ends the process: from now on nothing reaches the store. Bodies that run still end first.
  void crash();
  /// Like crash(), but the engine still exists: for bodies that must see the process end.
  void cut();
  void restart() {
    crash();
    reopen();
  }
  /// Opens the store by itself, while no engine is open.
  std::unique_ptr<stet::store> store() const;

  stet::engine& engine() noexcept { return *engine_; }
  bool is_open() const noexcept { return engine_ != nullptr; }

  /// Does everything that can be done while no time passes. Not for bodies that wait for the test.
  void settle();
  /// Settles, and moves the clock to the next due time, until nothing is due.
  void finish();
  /// Moves the clock, then settles.
  void pass(stet::duration d) {
    clock.advance(d);
    settle();
  }
  /// Makes the engine read its clock, since moving the clock doesn't wake it.
  void poke() { (void)engine_->admin().open_runs({}, 1); }
  /// Pokes until something has happened on another thread.
  void until(const std::function<bool()>& happened);
  static constexpr int looks_max = 200;
  /// Finishes everything, and returns the result of a run.
  template <class R> R result(const stet::run_handle<R>& run) {
    // With threads, the time between two turns of the loop can't be seen from here, so look again.
    for (int i = 0; i < looks_max; ++i) {
      finish();
      if (run.wait_for(1ms)) return run.result();
    }
    REQUIRE_MESSAGE(run.wait_for(1ms), "the run '", run.id(), "' doesn't end");
    return run.result();
  }
  template <class R, class... A>
  R run(const stet::workflow<R(A...)>& w, std::string_view id, std::type_identity_t<A>... a) {
    return result(engine().start(w, id, std::move(a)...));
  }

  /// Gives the engines opened next a listener of the test's own.
  template <class Listener> Listener& listen() {
    auto made = std::make_shared<Listener>();
    options.listener = made.get();
    listener_ = made;
    return *made;
  }

  /// Whether the process's death has been injected: see at_every_commit.
  std::shared_ptr<faults> plan = std::make_shared<faults>();
  fake_clock clock;
  seeded_entropy entropy;
  recorder heard;
  effects done;
  cell where;
  stet::engine_options options;  // for the engines opened next

 private:
  std::optional<stet::time_point> next_due();
  struct picture {
    std::string text;  // of all open runs: their ids, and how far they are
    bool a_body_runs = false;
  };
  picture look();

  temporary_directory directory_;
  std::shared_ptr<stet::memory::contents> contents_ = stet::memory::make_contents();
  definer define_;
  std::shared_ptr<stet::listener> listener_;  // longer than the engine, which reports its own end
  std::unique_ptr<stet::engine> engine_;
};

/// Plays `scenario(world&)` in every cell of the matrix.
void everywhere(const std::function<void(world&)>& scenario);
/// Plays it in the manual cells only: {memory, LMDB} × residency × check.
void everywhere_by_hand(const std::function<void(world&)>& scenario);

/// The death of a world's process: see below.
struct death {
  bool happened = false;
  bool after = false;  // whether the commit had reached the store
};

/// Plays `act` again and again, each time on a fresh world whose process dies one commit later than
/// before: first just before that commit reaches the store, then just after. `act` is called again
/// after each restart, and must find its runs by their ids. `check` is called at the end of each
/// world. Returns how many crashes there were.
int at_every_commit(cell c, const std::function<void(world&, stet::engine&)>& define,
                    const std::function<void(world&)>& act,
                    const std::function<void(world&, death)>& check);

/// The code and the text of the exception that `f` throws.
struct caught {
  bool thrown = false;
  stet::errc code{};
  std::string text;
  bool says(std::string_view part) const { return text.find(part) != std::string::npos; }
};
template <class F> caught what_throws(F&& f) {
  try {
    f();
  } catch (const stet::error& e) {
    return {true, e.code(), e.what()};
  } catch (const std::exception& e) {
    return {true, stet::errc::usage, std::string("not a stet::error: ") + e.what()};
  }
  return {};
}

}  // namespace stet_tests
