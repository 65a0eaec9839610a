#include "port/child.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>

#include "port/posix/system.hpp"

namespace stet { inline namespace v0 { namespace port {
namespace {

enum ending : int { ended_well = 0, threw_error = 3, threw_other = 4, unheard = 5 };

}  // namespace

child_process::child_process(const std::function<void(native_file pipe)>& f) {
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
      ::_exit(threw_error);
    } catch (...) { ::_exit(threw_other); }
    ::_exit(ended_well);
  }
  ::close(ends[1]);
  pipe_ = file::own(ends[0]);
}

child_process::~child_process() { kill(); }

std::string child_process::hear(int patience_ms) {
  is_silent_ = patience_ms >= 0 && !is_speaking(patience_ms);
  if (is_silent_) return {};
  char text[4096];
  const auto n = uninterrupted([&] { return ::read(pipe_.native(), text, sizeof text); });
  return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
}

std::string child_process::hear_all(int patience_ms) {
  std::string all, more;
  while (!(more = hear(patience_ms)).empty()) all += more;
  return all;
}

void child_process::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int child_process::wait() {
  int status = 0;
  uninterrupted([&] { return ::waitpid(pid_, &status, 0); });
  pid_ = -1;
  return status;
}

void child_process::tell(native_file pipe, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto n =
        uninterrupted([&] { return ::write(pipe, text.data() + done, text.size() - done); });
    if (n <= 0) ::_exit(unheard);
    done += static_cast<std::size_t>(n);
  }
}

bool child_process::is_speaking(int patience_ms) const {
  pollfd p{pipe_.native(), POLLIN, 0};
  return uninterrupted([&] { return ::poll(&p, 1, patience_ms); }) != 0;
}

}  // namespace port
}  // namespace v0
}  // namespace stet
