// Replays and drives the coroutine of one run: pure, no clock, no thread, no store.
//
// Invariants:
//  - an event is invisible to the coroutine until it is delivered; it is delivered once, in the
//    order of the history;
//  - the coroutine runs only inside replay, deliver and drive_next. A frame is destroyed only
//    outside of them; the one exception is the frame of an update whose handler its own workflow
//    destroys;
//  - while a frame is destroyed, destructors in it can't emit anything: see `destroying`.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <stet/definition.hpp>
#include <stet/messages.hpp>

#include "base/hooks.hpp"
#include "execution/command_table.hpp"
#include "execution/errors.hpp"
#include "execution/limits.hpp"
#include "execution/mailbox.hpp"
#include "execution/patches.hpp"
#include "execution/replay_cursor.hpp"
#include "execution/run_random.hpp"
#include "execution/update_desk.hpp"
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The calls that an execution makes to the code that drives it.
class execution_host {
 public:
  /// Called when a pending step is given up: its body must not begin, or is asked to stop. Returns
  /// true if a body runs and must be waited for.
  virtual bool stop_body(run_number run, command_number command) noexcept = 0;
  /// Called before the things are destroyed that a body of this step refers to. Returns when no
  /// body of it runs any more.
  virtual void await_body(run_number run, command_number command) noexcept = 0;
  /// Returns a number for a child run.
  virtual run_number new_run_number() noexcept = 0;
  /// Returns how long ago the event happened that drives the run, in ms.
  virtual std::int64_t late_by() noexcept { return 0; }
  virtual void log(std::string_view id, std::string_view line) noexcept = 0;

 protected:
  ~execution_host() = default;
};

/// The workflow, the arguments and the number of the run that continues this one.
struct continued_as {
  std::string workflow, arguments;
  run_number run;
};

class execution : private waiter {
 public:
  /// As long as one of these lives, the run is inert: code of it emits nothing.
  class destroying {
   public:
    explicit destroying(execution& e) noexcept : run_(e) { ++run_.destroying_; }
    destroying(const destroying&) = delete;
    destroying& operator=(const destroying&) = delete;
    ~destroying() { --run_.destroying_; }

   private:
    execution& run_;
    payload_limit unlimited_{SIZE_MAX,
                             false};  // else a mere construction of an operation may be refused
  };

  /// `host` may be null for a replay that is only a check.
  execution(definition& d, const error_registry& errors, execution_host* host, run_number run,
            std::string_view id);
  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;
  ~execution();

  // ------------------------------------------------------------ for the code that drives
  /// Goes through a recorded history from its first record, or through its first `events_max`
  /// events that drive. Returns false if it doesn't fit: see problem(). With `may_pause`, it stops
  /// after `events_max` events, and the next call goes on from there, with the same history and
  /// `work`; until that has ended `replay_cursor.is_replaying()` is true.
  bool replay(std::string_view history, drive_output& work, std::size_t events_max = SIZE_MAX,
              bool may_pause = false);
  /// Drives the coroutine by an event that has just been recorded as driven. Returns false if the
  /// run can't go on: see problem(). `payload`, if given, is what the event's payload refers to: it
  /// may be taken by the code that gets it.
  bool deliver(const record& event, drive_output& out, std::string* payload = nullptr);
  /// Drives the coroutine by the oldest undriven event, at `time`. Returns the same as deliver().
  bool drive_next(engine_time time, drive_output& out);
  /// Says why the run can't go on; empty if it can.
  const std::string& problem() const noexcept { return replay_cursor.problem(); }
  const std::optional<continued_as>& continues() const noexcept { return continues_; }
  /// Returns true if the record that ends the run has been emitted, or others have ended it by its
  /// history.
  bool ended() const noexcept { return ended_ || replay_cursor.was_ended(); }

  run_number run() const noexcept { return who_.run; }
  const std::string& id() const noexcept { return who_.id; }
  /// The crc32c of the id: crash slots have it.
  std::uint32_t id_checksum() const noexcept { return who_.checksum; }

  // ------------------------------------------------------------ operations, while the code runs
  engine_time now() const noexcept { return now_; }
  void log(std::string_view line) noexcept;
  context& user_context() noexcept { return context_; }
  scope& top() noexcept { return *top_; }
  const error_registry& errors() const noexcept { return errors_; }
  execution_host* host() noexcept { return host_; }
  /// Throws errc::usage outside of a workflow's own code.
  void must_run(std::string_view what) const;
  /// Returns true while Stet destroys a frame of the run: what destructors in it ask for is neither
  /// done nor refused.
  bool is_inert() const noexcept { return destroying_ > 0 && !STET_SEEDED(destructors_act); }
  /// Returns true while the workflow's own code runs, and what it asks for is emitted.
  bool runs() const noexcept { return replay_cursor.is_driven() && !is_inert(); }
  bool continue_as(continued_as next, const v0::scope& s, std::string& refused) noexcept;
  bool continue_suggested() const noexcept {
    return replay_cursor.records() >= STET_HOOKED(long_history, records_suggested_max);
  }

  static constexpr std::uint64_t records_suggested_max = 4096;

  detail::replay_cursor replay_cursor;
  command_table commands;
  mailbox signals;
  update_desk updates;
  detail::patches patches;
  detail::run_random run_random;

 private:
  struct identity {
    run_number run;
    std::string id;
    std::uint32_t checksum;  // of the id
  };
  void dispatch(const record& event, std::string* payload = nullptr);
  void note_start(const record& event) noexcept;
  void start(const record& event);
  void drain();
  void finish();
  void emit_end();
  bool stops() const noexcept { return root_done_ || commands.swallows() || continues_; }
  static std::coroutine_handle<> root_ended(waiter& w) noexcept;

  definition& definition_;
  const error_registry& errors_;
  execution_host* host_;
  const identity who_;
  context context_;
  std::unique_ptr<scope> top_;
  std::unique_ptr<root> root_;
  std::optional<continued_as> continues_;
  struct beginning {  // what its first record says
    std::size_t payload_bytes_max = payload_bytes_ceiling;
    bool limits_names = false;
    bool has_parent = false;
  };
  beginning beginning_;
  engine_time now_;
  int destroying_ = 0;  // frames being destroyed, one within another
  bool root_done_ = false;
  bool ended_ = false;
};

}}}  // namespace stet::v0::detail
