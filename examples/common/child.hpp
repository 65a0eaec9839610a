// A program in a process of its own, which can be killed.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

class child {
 public:
  /// Starts `command`; its output is appended to the file `log`. Throws std::system_error.
  child(const std::vector<std::string>& command, const std::string& log);
  /// Kills the process if it still runs.
  ~child();
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  bool running();
  /// Sends SIGKILL, and waits until the process is gone. Returns false if it had ended by itself.
  bool kill();
  /// Waits for the end of the process. Returns its exit status; 128 or more if a signal killed it.
  int wait();

 private:
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
};

/// Runs a program to its end. Returns its exit status, and what it printed.
struct printed {
  int status;
  std::string text;
};
printed run(const std::vector<std::string>& command);

/// Returns the content of a file.
std::string content(const std::string& path);
