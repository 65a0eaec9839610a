#include "child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <vector>

extern char** environ;

namespace bench {

child::child(const std::string& what, const std::string& store, const std::string& dir,
             std::size_t runs) {
  std::vector<std::string> words = {"stet-bench", std::string(option), what, store,
                                    dir,          std::to_string(runs)};
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);

  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("can't make a pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  int problem = ::posix_spawn(&process_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  output_ = pipe[0];
  if (problem == 0) return;
  ::close(output_);
  throw std::runtime_error("can't start this program again");
}

child::~child() {
  kill();
  ::close(output_);
}

std::string child::line() {
  std::string text;
  for (char c;;) {
    auto got = ::read(output_, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1) throw std::runtime_error("the process that was to be measured ended");
    if (c == '\n') return text;
    text += c;
  }
}

void child::kill() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {}
  process_ = -1;
}

}  // namespace bench
