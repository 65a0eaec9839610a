// A forked child that speaks through a pipe, for tests that kill.
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

namespace stet_tests {

/// Runs `f(int pipe)` in a forked child, which then ends without any destructor. Only write(2) to
/// the pipe leaves it: what goes through buffers would vanish with a SIGKILL.
class child_process {
 public:
  template <class F> explicit child_process(F&& f) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
      ::close(ends[0]);
      try {
        f(ends[1]);
      } catch (const std::exception& e) {
        tell(ends[1], std::string("exception: ") + e.what());
        ::_exit(3);
      } catch (...) { ::_exit(4); }
      ::_exit(0);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process() {
    kill();
    ::close(pipe_);
  }

  pid_t pid() const noexcept { return pid_; }

  /// The next bytes it told; empty at its end.
  std::string hear() {
    char text[4096];
    ssize_t n;
    do n = ::read(pipe_, text, sizeof text);
    while (n < 0 && errno == EINTR);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
  }
  std::string hear_all() {
    std::string all, more;
    while (!(more = hear()).empty()) all += more;
    return all;
  }

  /// SIGKILL, and waits for the end.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  /// Waits for the end: the status of waitpid.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = -1;
    return status;
  }

  static void tell(int pipe, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      ssize_t n = ::write(pipe, text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) ::_exit(5);  // nobody listens any more
      done += static_cast<std::size_t>(n);
    }
  }

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace stet_tests
