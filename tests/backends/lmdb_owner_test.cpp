// Who may touch an LMDB file: other names, other processes, forks, planted links, vanished files.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stet/lmdb.hpp>

#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::errc;
using stet_tests::child_process;
using stet_tests::temporary_directory;

namespace {

/// "opened", or the text of the error.
std::string try_open(const std::string& path) {
  auto e = error_of([&] { stet::lmdb::open(path); });
  if (!e) return "opened";
  return (e->code() == errc::conflict ? "conflict: " : "other: ") + std::string(e->what());
}

bool has(const std::string& all, const std::string& part) {
  INFO(all);
  CHECK_MESSAGE(all.find(part) != std::string::npos, all);
  return all.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("one LMDB file is opened once in a process, by whatever name") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s");
  put(*s, "a", "1");
  fs::create_hard_link(dir / "s", dir / "hard");
  fs::create_symlink(dir / "s", dir / "soft");
  fs::create_symlink(dir.path(), dir / "d");
  for (const char* name : {"s", "hard", "soft", "d/s", "./s", "d/./s"}) {
    has(try_open(dir / name), "conflict: ");
    has(try_open(dir / name), "in this process");
  }
  auto before = fs::current_path();
  fs::current_path(dir.path());
  has(try_open("s"), "conflict: ");
  fs::current_path(before);
  // The locks are still held, as seen from another process.
  child_process other([&](int pipe) { child_process::tell(pipe, try_open(dir / "s")); });
  has(other.hear_all(), "in use by process " + std::to_string(::getpid()));
  s->close();
  CHECK(try_open(dir / "hard") == "opened");
  CHECK(try_open(dir / "soft") == "opened");
}

TEST_CASE("another process that has the LMDB file is named by its pid, and its death frees it") {
  temporary_directory dir;
  child_process holder([&](int pipe) {
    auto s = stet::lmdb::open(dir / "s");
    put(*s, "a", "1");
    child_process::tell(pipe, "ready");
    ::pause();
  });
  REQUIRE(holder.hear() == "ready");
  has(try_open(dir / "s"), "conflict: lmdb open " + (dir / "s"));
  has(try_open(dir / "s"), "in use by process " + std::to_string(holder.pid()));
  fs::create_hard_link(dir / "s", dir / "hard");
  has(try_open(dir / "hard"), "conflict: ");
  holder.kill();
  auto s = stet::lmdb::open(dir / "s");  // the stale note is taken over
  CHECK(s->get("a") == "1");
  put(*s, "b", "2");
}

TEST_CASE("in a forked child the LMDB store is an error, and its end disturbs nobody") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s");
  put(*s, "a", "1");
  (void)s->get("a");  // a read transaction is kept for reuse
  child_process child([&](int pipe) {
    auto told = [&](std::optional<stet::store_error> e) {
      child_process::tell(pipe, e ? std::string(e->what()) + "\n" : "no error\n");
    };
    told(error_of([&] { (void)s->get("a"); }));
    told(error_of([&] { (void)scanned(*s); }));
    told(error_of([&] { put(*s, "b", "2"); }));
    child_process::tell(pipe, try_open(dir / "s") + "\n");
    s->close();
    s.reset();
    child_process::tell(pipe, try_open(dir / "s") + "\n");
  });
  std::string all = child.hear_all();
  CHECK(child.wait() == 0);
  CAPTURE(all);
  CHECK(all.find("no error") == std::string::npos);
  has(all, "lmdb commit " + (dir / "s") + ": the store belongs to the process that opened it");
  has(all, "conflict: ");
  CHECK(all.find("opened\n") == std::string::npos);
  put(*s, "c", "3");
  CHECK(scanned(*s) == pairs{{"a", "1"}, {"c", "3"}});
  child_process other([&](int pipe) { child_process::tell(pipe, try_open(dir / "s")); });
  has(other.hear_all(), "in use by process");
}

TEST_CASE(
    "a forked child that lives on doesn't keep the LMDB file locked after its parent's death") {
  temporary_directory dir;
  child_process parent([&](int pipe) {
    auto s = stet::lmdb::open(dir / "s");
    put(*s, "a", "1");
    pid_t grandchild = ::fork();
    if (grandchild == 0) {
      child_process::tell(pipe, std::to_string(::getpid()));  // alive, its fork handlers have run
      ::pause();
      ::_exit(0);
    }
    ::pause();
  });
  pid_t grandchild = std::stoi(parent.hear());
  has(try_open(dir / "s"), "conflict: ");
  parent.kill();
  CHECK(try_open(dir / "s") == "opened");
  ::kill(grandchild, SIGKILL);
}

TEST_CASE("an LMDB store that vanishes under its engine is noticed at the next commit") {
  for (bool replaced : {false, true}) {
    temporary_directory dir;
    auto s = stet::lmdb::open(dir / "s");
    put(*s, "a", "1");
    fs::rename(dir / "s", dir / "moved");
    if (replaced) std::ofstream(dir / "s") << "";
    CHECK(refused_as(errc::store, [&] { put(*s, "b", "2"); }));
    auto e = error_of([&] { (void)s->get("a"); });
    REQUIRE(e);
    has(e->what(), "deleted, renamed or replaced");
    s->close();
    // It is not silently a new store, either.
    has(try_open(dir / "s"), replaced ? "the file is empty" : "the file is gone");
    CHECK(fs::exists(dir / "s") == replaced);
    fs::rename(dir / "moved", dir / "s");
    CHECK(stet::lmdb::open(dir / "s")->get("a") == "1");
    fs::remove(dir / "s");
    fs::remove(dir / "s.owner");
    CHECK(scanned(*stet::lmdb::open(dir / "s")).empty());
  }
}

TEST_CASE("no file of an LMDB store is created through a planted symbolic link") {
  for (const char* name : {"s", "s-lock", "s.owner", "s-log"}) {
    CAPTURE(name);
    temporary_directory dir;
    fs::create_symlink(dir / "victim", dir / name);
    has(try_open(dir / "s"), "symbolic link");
    CHECK(!fs::exists(dir / "victim"));
    std::ofstream(dir / "victim") << "precious";
    if (std::string(name) != "s") has(try_open(dir / "s"), "symbolic link");
    CHECK(fs::file_size(dir / "victim") == 8);
  }
}

TEST_CASE("no descriptor of an LMDB store passes to an executed program") {
  temporary_directory dir;
  auto s = stet::lmdb::open(dir / "s");
  for (const auto& entry : fs::directory_iterator("/dev/fd")) {
    int fd = std::stoi(entry.path().filename().string());
    std::error_code ignored;
    auto target = fs::read_symlink(entry.path(), ignored).string();
    CAPTURE(target);
    if (target.find(dir.path()) == 0) CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("a lock file of an LMDB store that was deleted does no harm to the next one") {
  temporary_directory dir;
  for (int i = 0; i < 3; ++i) {
    auto s = stet::lmdb::open(dir / "s");
    put(*s, std::to_string(i), "v");
    s->close();
    fs::remove(dir / "s-lock");
    if (i == 1) fs::remove(dir / "s.owner");
  }
  CHECK(scanned(*stet::lmdb::open(dir / "s")).size() == 3);
}
