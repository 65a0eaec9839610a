#include "owner_cases.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace stet_tests {

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::errc;

std::string file_store::try_open(const std::string& path) const {
  auto e = error_of([&] { (void)open(path); });
  if (!e) return "opened";
  return (e->code() == errc::conflict ? "conflict: " : "other: ") + std::string(e->what());
}

bool has(const std::string& all, const std::string& part) {
  CHECK_MESSAGE(all.find(part) != std::string::npos, all);
  return all.find(part) != std::string::npos;
}

namespace {

void check_names(const file_store& kind) {
  SUBCASE("one file is opened once in a process, by whatever name") {
    temporary_directory dir;
    auto s = kind.open(dir / "s");
    put(*s, "a", "1");
    fs::create_symlink(dir / "s", dir / "soft");
    fs::create_symlink(dir.path(), dir / "d");
    fs::create_hard_link(dir / "s", dir / "hard");
    for (const char* name : {"s", "hard", "soft", "d/s", "./s", "d/./s"}) {
      has(kind.try_open(dir / name), "conflict: ");
      has(kind.try_open(dir / name), "in this process");
    }
    auto before = fs::current_path();
    fs::current_path(dir.path());
    has(kind.try_open("s"), "conflict: ");
    fs::current_path(before);
    // Another process sees that the locks are still held.
    child_process other([&](int pipe) { child_process::tell(pipe, kind.try_open(dir / "s")); });
    has(other.hear_all(), "in use by process " + std::to_string(::getpid()));
    s->close();
    fs::remove(dir / "hard");
    CHECK(kind.try_open(dir / "soft") == "opened");
    CHECK(kind.try_open(dir / "d/s") == "opened");
  }
  SUBCASE("nothing is created through a planted symbolic link") {
    std::vector<std::string> ends = kind.side_files;
    ends.emplace_back("");
    for (const auto& end : ends) {
      CAPTURE(end);
      temporary_directory dir;
      fs::create_symlink(dir / "victim", dir / "s" + end);
      has(kind.try_open(dir / "s"), "symbolic link");
      CHECK(!fs::exists(dir / "victim"));
      std::ofstream(dir / "victim") << "precious";
      if (!end.empty()) has(kind.try_open(dir / "s"), "symbolic link");
      CHECK(fs::file_size(dir / "victim") == 8);
    }
  }
  SUBCASE("a store that vanishes under its engine is noticed at the next commit") {
    for (bool replaced : {false, true}) {
      temporary_directory dir;
      auto s = kind.open(dir / "s");
      put(*s, "a", "1");
      fs::rename(dir / "s", dir / "moved");
      if (replaced) std::ofstream(dir / "s") << "";
      CHECK(refused_as(errc::store, [&] { put(*s, "b", "2"); }));
      auto e = error_of([&] { (void)s->get("a"); });
      REQUIRE(e);
      has(e->what(), "deleted, renamed or replaced");
      s->close();
      // The store isn't silently made anew either.
      has(kind.try_open(dir / "s"), replaced ? "the file is empty" : "the file is gone");
      CHECK(fs::exists(dir / "s") == replaced);
      fs::rename(dir / "moved", dir / "s");
      CHECK(kind.open(dir / "s")->get("a") == "1");
      fs::remove(dir / "s");
      fs::remove(dir / "s.owner");
      CHECK(scanned(*kind.open(dir / "s")).empty());
    }
  }
}

void check_processes(const file_store& kind) {
  SUBCASE("another process that has it is named by its pid, and its death frees it") {
    temporary_directory dir;
    child_process holder([&](int pipe) {
      auto s = kind.open(dir / "s");
      put(*s, "a", "1");
      child_process::tell(pipe, "ready");
      ::pause();
    });
    REQUIRE(holder.hear() == "ready");
    has(kind.try_open(dir / "s"), "conflict: " + kind.scheme + " open " + (dir / "s"));
    has(kind.try_open(dir / "s"), "in use by process " + std::to_string(holder.pid()));
    holder.kill();
    auto s = kind.open(dir / "s");  // takes over the stale note
    CHECK(s->get("a") == "1");
    put(*s, "b", "2");
  }
  SUBCASE("no descriptor passes to an executed program") {
    temporary_directory dir;
    auto s = kind.open(dir / "s");
    (void)s->get("a");
    for (const auto& entry : fs::directory_iterator("/dev/fd")) {
      int fd = std::stoi(entry.path().filename().string());
      std::error_code ignored;
      auto target = fs::read_symlink(entry.path(), ignored).string();
      CAPTURE(target);
      if (target.find(dir.path()) == 0) CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
  }
}

void check_forks(const file_store& kind) {
  SUBCASE("in a forked child it is an error, and its end disturbs nobody") {
    temporary_directory dir;
    auto s = kind.open(dir / "s");
    put(*s, "a", "1");
    (void)s->get("a");  // a reader that is kept for reuse
    child_process child([&](int pipe) {
      auto told = [&](std::optional<stet::store_error> e) {
        child_process::tell(pipe, e ? std::string(e->what()) + "\n" : "no error\n");
      };
      told(error_of([&] { (void)s->get("a"); }));
      told(error_of([&] { (void)scanned(*s); }));
      told(error_of([&] { put(*s, "b", "2"); }));
      child_process::tell(pipe, kind.try_open(dir / "s") + "\n");
      s->close();
      s.reset();
      child_process::tell(pipe, kind.try_open(dir / "s") + "\n");
    });
    std::string all = child.hear_all();
    CHECK(child.wait() == 0);
    CAPTURE(all);
    CHECK(all.find("no error") == std::string::npos);
    has(all, kind.scheme + " commit " + (dir / "s") +
                 ": the store belongs to the process that opened it");
    has(all, "conflict: ");
    CHECK(all.find("opened\n") == std::string::npos);
    put(*s, "c", "3");
    CHECK(scanned(*s) == pairs{{"a", "1"}, {"c", "3"}});
    child_process other([&](int pipe) { child_process::tell(pipe, kind.try_open(dir / "s")); });
    has(other.hear_all(), "in use by process");
  }
  SUBCASE("a forked child that lives on doesn't keep it locked after its parent's death") {
    temporary_directory dir;
    child_process parent([&](int pipe) {
      auto s = kind.open(dir / "s");
      put(*s, "a", "1");
      pid_t grandchild = ::fork();
      if (grandchild == 0) {
        child_process::tell(pipe, std::to_string(::getpid()));  // the fork handlers have run
        ::pause();
        ::_exit(0);
      }
      ::pause();
    });
    pid_t grandchild = std::stoi(parent.hear());
    has(kind.try_open(dir / "s"), "conflict: ");
    parent.kill();
    CHECK(kind.try_open(dir / "s") == "opened");
    ::kill(grandchild, SIGKILL);
  }
}

}  // namespace

void check_owner(const file_store& kind) {
  check_names(kind);
  check_processes(kind);
  check_forks(kind);
}

}  // namespace stet_tests
