// Questions to a run, which change nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/calls/revival.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A question that goes on turn by turn. It lives on its caller's stack.
struct slow_question {
  std::uint64_t replay = 0;  // names its replay in `queries`; 0: none has begun
  std::shared_ptr<const bool> asks = std::make_shared<bool>(true);  // lives as long as this does
  std::optional<std::string> text;                                  // the answer
};

/// Thread: the engine's loop.
class queries {
 public:
  queries(engine_parts& e, revival& r) noexcept : e_(e), revival_(r) {}

  /// Throws errc::not_found; errc::run_stalled; a users_exception with what the handler throws.
  answer<std::string> ask(run_ref target, std::string_view name, std::string_view arguments);
  /// Does one turn's part of a question: the answer is there when `q.text` is set. The history of a
  /// run that has ended may be long, and its replay doesn't hold up the loop. Throws as ask().
  answer<void> go_on(run_ref target, std::string_view name, std::string_view arguments,
                     slow_question& q);
  /// How many replays have begun, and not ended.
  std::size_t under_way() const noexcept { return replays_.size(); }
  /// The engine is closed: ends the replays, since they are code of workflows.
  void clear() noexcept { replays_.clear(); }

 private:
  /// The replay of a run that has ended. It belongs to the loop, as all of a workflow's code: if
  /// its caller doesn't come back (the engine is closed, or a call between two turns is refused),
  /// it goes with the close, or when the next replay begins.
  struct replay_of_ended {
    run_number run;
    std::weak_ptr<const bool> asks;
    std::string history;
    drive_output work;
    std::size_t events_left = SIZE_MAX;
    std::unique_ptr<execution> shadow;
  };
  record_lsn do_part(run_ref target, std::string_view name, std::string_view arguments,
                     slow_question& q);
  std::string ask_open(resident& r, std::string_view name, std::string_view arguments);
  void begin_ended(resident& r, std::string_view name, std::string_view arguments,
                   slow_question& q);
  void go_on_ended(resident& r, std::string_view name, std::string_view arguments,
                   slow_question& q);

  engine_parts& e_;
  revival& revival_;
  std::map<std::uint64_t, replay_of_ended> replays_;
  std::uint64_t last_replay_ = 0;
};

}}}  // namespace stet::v0::detail
