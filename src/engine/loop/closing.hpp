// How an engine ends: bodies are let go, what was decided is committed and checkpointed.
#pragma once
#include <chrono>
#include <exception>
#include <optional>

#include "engine/loop/turns.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: whoever closes, when the loop has ended, or was left behind inside a body.
class closing {
 public:
  closing(engine_parts& e, turns& t) noexcept : e_(e), turns_(t) {}

  /// Lets bodies end, records what came of them, notes what never began, and checkpoints
  /// everything. Throws what the store throws.
  void finish();
  /// Until no body runs, and nothing is pending that may refer to a frame; or they are left behind.
  void end_bodies();
  /// From then on bodies are left behind.
  void set_limit(std::optional<std::chrono::steady_clock::time_point> by) noexcept {
    turns_.close_by = by;
  }
  /// Some may still run, and use what is the engine's.
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
