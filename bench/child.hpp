// This program, started once more as a process of its own: to be killed, or to be measured while
// nothing else is in it.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

class child {
 public:
  static constexpr std::string_view option = "--child";

  /// Starts the process. Its main() passes the words to the part that `what` names.
  child(const std::string& what, const std::string& store, const std::string& dir,
        std::size_t runs);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  /// Kills the process, unless it has ended.
  ~child();

  /// Returns the next line that the process writes to standard output. Throws if it ends without
  /// one.
  std::string line();
  /// Sends SIGKILL, and returns when the process is gone.
  void kill();

 private:
  pid_t process_ = -1;
  int output_ = -1;
};

}  // namespace bench
