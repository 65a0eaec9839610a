// A forked child that writes to a pipe, for tests that kill processes. Of the libraries, only the
// conformance suite uses it.
#pragma once
#include <functional>
#include <string>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace port {

/// Runs `f(pipe)` in a forked child, which then ends without any destructor. Its only output is
/// what it writes to the pipe by tell(): a kill would lose what is in buffers.
class child_process {
 public:
  /// Throws std::runtime_error if the system refuses.
  explicit child_process(const std::function<void(native_file pipe)>& f);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process();

  int pid() const noexcept { return pid_; }

  /// Returns the next bytes that the child wrote; empty at the end of its output, or if nothing
  /// comes for `patience_ms` (-1: waits for ever).
  std::string hear(int patience_ms = -1);
  /// Returns true if the last hear or hear_all ended because its patience was over.
  bool is_silent() const noexcept { return is_silent_; }
  std::string hear_all(int patience_ms = -1);

  /// Kills the child at once, and waits for its end.
  void kill();
  /// Waits for the child's end. Returns 0 if it ended well, else the system's status of its end.
  int wait();

  /// For the child: writes to the pipe. Ends the child if no process reads it any more.
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
