// One engine: its parts, the calls that they answer, and its life from the start to the close.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/bodies/lending.hpp"
#include "engine/calls/calls_room.hpp"
#include "engine/calls/engine_parts.hpp"
#include "engine/loop/closing.hpp"
#include "engine/loop/one_close.hpp"
#include "engine/loop/recovery.hpp"
#include "engine/loop/turns.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: any, after the start. A function that waits for the loop throws errc::usage on the
/// loop's own thread.
class engine_core final : public engine_port, public std::enable_shared_from_this<engine_core> {
 public:
  engine_core(std::unique_ptr<store> s, engine_options o);
  engine_core(const engine_core&) = delete;
  engine_core& operator=(const engine_core&) = delete;
  ~engine_core() override;

  // ------------------------------------------------------------ life (core.cpp)
  void define(std::string_view name, std::string_view version, std::unique_ptr<definition> d);
  void define(std::unique_ptr<declared_error> e);
  void retain(std::string_view name_space, duration d);
  start_preview preview(std::size_t listed_max);
  stalled_run replay_history(std::string_view exported);
  void start() STET_NO_THREAD_SAFETY_ANALYSIS;  // no thread drives it yet
  /// Returns false if bodies are still running, or if another close is under way after `limit`.
  bool close(std::optional<duration> limit);

  // ------------------------------------------------------------ commands (core_commands.cpp)
#define STET_COMMAND(name) name::result perform(const name& command) override;
  STET_ENGINE_COMMANDS(STET_COMMAND)
  STET_LONG_COMMANDS(STET_COMMAND)
#undef STET_COMMAND
  [[noreturn]] void raise(errc code, std::string_view of, const failure& f) const override;

  // ------------------------------------------------------------ calls (core_calls.cpp)
  /// Performs a call on the loop, and waits until its answer is durable. Returns false if a
  /// waiting_call was not answered within `limit`, and has been taken back.
  bool submit(call& c, std::optional<duration> limit = std::nullopt);
  /// The same for a function that only reads runs. `f` gets the engine to read from. While the
  /// store refuses to write that is an engine which shows only what is durable.
  template <class F> auto read_call(F f) {
    auto read = [&] {
      auto& from = readable();
      auto a = f(from);
      if (&from != this) a.lsn = no_lsn;
      return a;
    };
    function_call<decltype(read)> c(read);
    c.needs_room = false;
    c.only_looks = true;
    submit(c);
    return c.take();
  }

  // ------------------------------------------------------------ manual mode (core_calls.cpp)
  bool poll();
  bool run_until_idle(duration limit);
  struct wakeup {
    time_point at;  // by the wall clock
    duration in;    // from now on
  };
  std::optional<wakeup> next_wakeup();

  engine_parts parts;
  calls_room calls;

 private:
  template <class C> auto submit_command(const C& command);
  void must_be_new(std::string_view what, const char* why) const;
  void start_threads();
  void give_up_start(const std::exception_ptr& why);
  bool abandon_in_fork() noexcept;
  void keep_for_ever();
  std::exception_ptr finish(bool is_loop_left);
  engine_core& readable();
  void must_be_usable() const;
  bool ask_loop(call& c, std::optional<duration> limit);
  bool give_up_waiting(call& c);
  bool drive_until(call& c, std::optional<duration> limit);
  bool skip(call& c, std::int64_t end) STET_EXCLUDES(drive_mutex_);
  bool turn_by_caller() STET_REQUIRES(drive_mutex_);
  std::optional<bool> turn_if_free() STET_EXCLUDES(drive_mutex_);

  enum class phase { made, running, closed };
  turns turns_;
  closing closing_;
  one_close one_close_;
  recovery recovery_;
  std::atomic<phase> phase_{phase::made};
  int process_ = 0;          // of this engine: a forked child has another
  port::mutex drive_mutex_;  // manual mode: one driver at a time
  bool was_busy_ STET_GUARDED_BY(drive_mutex_) = false;  // manual mode: the last turn did something
};

/// For the destructor of the user's engine: closes it, and reports what fails. If this is a place
/// where a close would wait for itself (a body, a listener), another thread does it.
void close_at_end(engine_core& e) noexcept;

}}}  // namespace stet::v0::detail
