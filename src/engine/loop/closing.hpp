// How an engine is closed: bodies get their answers and end, and everything that was decided is
// committed and checkpointed.
#pragma once
#include <chrono>
#include <exception>
#include <optional>

#include "engine/loop/turns.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the one that closes, when the loop has ended or was abandoned inside a body.
class closing {
 public:
  closing(engine_parts& e, turns& t) noexcept : e_(e), turns_(t) {}

  /// Lets bodies end, records their outcomes, notes which attempts never began, and checkpoints
  /// everything. Throws what the store throws.
  void finish();
  /// Waits until no body runs, and nothing is pending that may refer to a frame; or abandons those
  /// that are late.
  void end_bodies();
  /// After this time bodies are left running.
  void set_limit(std::optional<std::chrono::steady_clock::time_point> by) noexcept {
    turns_.close_by = by;
  }
  /// Some bodies may still run, and use parts of the engine.
  bool left_bodies = false;

 private:
  void let_bodies_go();
  void give_bodies_time();
  void end_pending(attempt& a);
  void take_what_came();
  void write_the_rest();
  bool is_over() noexcept;

  engine_parts& e_;
  turns& turns_;
};

/// The error that callers get.
std::exception_ptr engine_is_closed() noexcept;

}}}  // namespace stet::v0::detail
