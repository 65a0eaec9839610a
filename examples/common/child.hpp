// A program as a process of its own, which can be killed.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

class child {
 public:
  /// Starts `command`, whose output goes to the end of the file `log`. Throws std::system_error.
  child(const std::vector<std::string>& command, const std::string& log);
  /// Kills it if it still runs.
  ~child();
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  bool running();
  /// SIGKILL, and waits until it is gone. False if it had ended before by itself.
  bool kill();
  /// Waits for its end. Its exit status; 128 and more: killed by a signal.
  int wait();

 private:
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
};

/// Runs a program to its end. Its exit status, and what it printed.
struct printed {
  int status;
  std::string text;
};
printed run(const std::vector<std::string>& command);

/// What is in a file.
std::string content(const std::string& path);
