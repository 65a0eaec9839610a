// A forked child that speaks through a pipe, for tests that kill.
#pragma once
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace stet { inline namespace v0 { namespace conformance {

/// Runs `f(int pipe)` in a forked child, which then ends without any destructor. Only write(2) to
/// the pipe leaves it: what goes through buffers would vanish with a SIGKILL.
class child_process {
 public:
  explicit child_process(const std::function<void(int pipe)>& f) {
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

  /// The next bytes it told; empty at its end, or if it says nothing for `patience_ms` (-1: waits
  /// for ever).
  std::string hear(int patience_ms = -1) {
    is_silent_ = patience_ms >= 0 && !is_speaking(patience_ms);
    if (is_silent_) return {};
    char text[4096];
    ssize_t n;
    do n = ::read(pipe_, text, sizeof text);
    while (n < 0 && errno == EINTR);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
  }
  /// True if it was the patience that ended the last hear or hear_all.
  bool is_silent() const noexcept { return is_silent_; }
  std::string hear_all(int patience_ms = -1) {
    std::string all, more;
    while (!(more = hear(patience_ms)).empty()) all += more;
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
  bool is_speaking(int patience_ms) const {
    pollfd p{pipe_, POLLIN, 0};
    int n;
    do n = ::poll(&p, 1, patience_ms);
    while (n < 0 && errno == EINTR);
    return n != 0;
  }

  pid_t pid_ = -1;
  int pipe_ = -1;
  bool is_silent_ = false;
};

}  // namespace conformance
}  // namespace v0
}  // namespace stet
