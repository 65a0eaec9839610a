#include "faults/trial.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <sstream>
#include <stdexcept>

#include <stet/check.hpp>

#include "crash/facts.hpp"

namespace stet_faults {

namespace fs = std::filesystem;
using namespace stet_crash;

namespace {

script find_script(const std::string& name) {
  if (name == "chatter" || name == "forks") return find_script("entities");
  for (auto& s : scripts())
    if (s.name == name) return s;
  return {};
}

control* map_control(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, sizeof(control)) != 0)
    throw std::runtime_error("can't make " + path);
  void* p = ::mmap(nullptr, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (p == MAP_FAILED) throw std::runtime_error("can't map " + path);
  return new (p) control{};
}

/// The shim is built in the same folder as this program.
std::string shim_path() {
  return fs::read_symlink("/proc/self/exe").parent_path() / "libfaultshim.so";
}

[[noreturn]] void become_worker(const life_setup& l, const how_to_live& how,
                                const std::string& folder) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // an interrupted suite ends all its processes
  int err = ::open((folder + "/stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(err, STDERR_FILENO);
  if (how.shim) {
    ::setenv("LD_PRELOAD", shim_path().c_str(), 1);
    ::setenv("STET_FAULT_CONTROL", (folder + "/control").c_str(), 1);
  }
  auto args = to_arguments(l);
  std::vector<char*> argv = {const_cast<char*>("faults"), const_cast<char*>("worker")};
  for (auto& a : args) argv.push_back(a.data());
  argv.push_back(nullptr);
  if (how.prepare) how.prepare();
  ::execv("/proc/self/exe", argv.data());
  ::_exit(127);
}

}  // namespace

int await(int pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return status;
}

const char* to_text(life_end e) {
  switch (e) {
    case life_end::finished: return "finished";
    case life_end::failed: return "failed";
    case life_end::killed: return "was killed";
    case life_end::died: return "died";
    case life_end::stuck: return "got stuck";
  }
  return "?";
}

std::string copy_files(const std::string& store, const std::string& folder) {
  fs::remove_all(folder);
  fs::create_directory(folder);
  auto name = fs::path(store).filename().string();
  for (auto end : {"", "-log", "-wal", "-journal", ".owner"})
    if (fs::exists(store + end)) fs::copy(store + end, folder + "/" + (name + end));
  return folder + "/" + name;
}

trial::trial(std::string folder, std::string kind, std::string script, std::size_t resident,
             unsigned threads)
    : folder_(std::move(folder)), script_(find_script(script)) {
  fs::remove_all(folder_);
  fs::create_directories(folder_ + "/s");
  setup_ = {std::move(kind),
            folder_ + "/s/store.stet",
            folder_ + "/facts",
            std::move(script),
            0,
            resident,
            threads};
  control_ = map_control(folder_ + "/control");
  std::strncpy(control_->files, setup_.store.c_str(), sizeof control_->files - 1);
}

trial::~trial() { ::munmap(control_, sizeof *control_); }

life_end trial::live(const how_to_live& how) {
  control_->armed = false;
  auto pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) become_worker(setup_, how, folder_);
  int status = how.attend ? how.attend(pid) : await(pid);
  ++setup_.life;
  if (WIFEXITED(status)) {
    int code = WEXITSTATUS(status);
    if (code != 0 && code != 3) violate("the worker exited with " + std::to_string(code));
    return code == 0 ? life_end::finished : life_end::failed;
  }
  if (WTERMSIG(status) == SIGKILL) return life_end::killed;
  return WTERMSIG(status) == SIGALRM ? life_end::stuck : life_end::died;
}

void trial::forgive(std::string_view part) {
  std::erase_if(violated_, [&](auto& v) { return v.find(part) != std::string::npos; });
}

std::string trial::last_words() const {
  std::string text;
  for (auto& f : read_facts(setup_.facts))
    if (f.kind == fact_kind::problem && f.life == setup_.life - 1)
      for (auto& field : f.fields) text += (text.empty() ? "" : "; ") + field;
  std::ostringstream err;
  err << std::ifstream(folder_ + "/stderr").rdbuf();
  return text + (err.str().empty() ? "" : "\n" + err.str());
}

dump trial::look(bool finished) {
  auto s = open_kind(setup_.kind, copy_files(setup_.store, folder_ + "/copy"));
  auto d = read_dump(*s);
  if (!d.runs.empty() || finished)  // otherwise it may have ended before its first commit
    for (auto& problem : stet::check(*s).problems) violate("check: " + problem);
  return d;
}

void trial::judge(unsigned harm) try {
  auto d = look(false);
  auto facts = read_facts(setup_.facts);
  check_state(d, script_, violated_);
  check_acknowledged(d, facts, violated_);
  check_effects(d, facts, harm, violated_);
  for (auto& [life, was] : dumps_) {
    check_growth(was, d, violated_);
    check_settled(was, life, facts, violated_);
  }
  dumps_.emplace_back(setup_.life - 1, std::move(d));
} catch (const std::exception& e) {
  violate(std::string("the store can't be opened: ") + e.what());
}

void trial::finish(unsigned harm) {
  auto end = live({.shim = false, .attend = {}, .prepare = {}});
  if (end != life_end::finished)
    violate(std::string("the life without a fault ") + to_text(end) + ": " + last_words());
  judge(harm);
  if (end != life_end::finished || dumps_.empty()) return;
  auto& d = dumps_.back().second;
  check_clean(d, violated_);
  check_endings(d, script_, violated_);
  if (setup_.script != "naps") check_replay(d, violated_);  // its code isn't in the suite
}

}  // namespace stet_faults
