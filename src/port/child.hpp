// A forked child that speaks through a pipe, for tests that kill. The libraries call nothing of it,
// but for the conformance suite.
#pragma once
#include <functional>
#include <string>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace port {

/// Runs `f(pipe)` in a forked child, which then ends without any destructor. Only what is told
/// through the pipe leaves it: what goes through buffers would vanish with a kill.
class child_process {
 public:
  /// Throws std::runtime_error.
  explicit child_process(const std::function<void(native_file pipe)>& f);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process();

  int pid() const noexcept { return pid_; }

  /// The next bytes it told; empty at its end, or if it says nothing for `patience_ms` (-1: waits
  /// for ever).
  std::string hear(int patience_ms = -1);
  /// True if it was the patience that ended the last hear or hear_all.
  bool is_silent() const noexcept { return is_silent_; }
  std::string hear_all(int patience_ms = -1);

  /// Ends it at once, and waits for the end.
  void kill();
  /// Waits for the end. Returns 0 if it ended well, else what the system says of its end.
  int wait();

  /// In the child: tells something. Ends the child if nobody listens any more.
  static void tell(native_file pipe, const std::string& text);

 private:
  bool is_speaking(int patience_ms) const;

  int pid_ = -1;
  file pipe_;
  bool is_silent_ = false;
};

}  // namespace port
}  // namespace v0
}  // namespace stet
