// The file of crash slots on a full disk.
#include "engine/services/crash_slots.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;
using stet::detail::crash_slots;
using stet::detail::occupant;

#if defined(__linux__)
namespace {

constexpr std::uintmax_t file_bytes = 4096;

bool mount_full(const std::string& place) {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=64k") != 0) {
    return false;
  }
  std::ofstream all(place + "/all", std::ios::binary);
  for (int i = 0; i < 64 && all; ++i) all << std::string(4096, 'x') << std::flush;
  return true;
}

/// Returns the text of `f(place)`, which is called in another process, on a disk without room.
template <class F> std::string on_full_disk(F f) {
  temporary_directory dir;
  child_process child([&](int pipe) {
    child_process::tell(pipe, mount_full(dir.path()) ? f(dir.path()) : "skip");
  });
  const auto said = child.hear_all();
  const int status = child.wait();
  return status == 0 ? said : "the process ended with " + std::to_string(status);
}

}  // namespace

TEST_CASE("the disk has no room for the slots: there are none, and nobody is taken down") {
  for (bool is_hole : {false, true}) {
    const auto said = on_full_disk([&](const std::string& place) {
      const std::string path = place + "/s.slots";
      if (is_hole) {  // as older builds made it
        std::ofstream(path) << "";
        std::filesystem::resize_file(path, file_bytes);
      }
      crash_slots s;
      if (!s.open(path).empty()) return "who?";
      const int slot = s.enter({.run = stet::detail::run_number(1),
                                .command = stet::detail::command_number(2),
                                .attempt = 3});
      s.leave(slot);
      s.close();
      if (slot >= 0) return "a slot without room";
      std::filesystem::remove(place + "/all");
      crash_slots again;
      (void)again.open(path);
      return again.enter({.run = stet::detail::run_number(1)}) >= 0 ? "fine" : "no slot with room";
    });
    if (said == "skip") MESSAGE("SKIPPED: no right to mount a small file system");
    else CHECK(said == "fine");
  }
}
#endif

TEST_CASE("a thread has its own slot each time, and another one for code inside of other code") {
  temporary_directory dir;
  crash_slots s;
  (void)s.open(dir / "s.slots");
  auto enter = [&s](std::uint64_t run) { return s.enter({.run = stet::detail::run_number(run)}); };
  const int first = enter(1);
  REQUIRE(first >= 0);
  const int inside = enter(2);
  CHECK(inside >= 0);
  CHECK(inside != first);
  s.leave(inside);
  int elsewhere = first;
  std::thread([&] { elsewhere = enter(3); }).join();
  CHECK(elsewhere >= 0);
  CHECK(elsewhere != first);
  s.leave(first);
  CHECK(enter(4) == first);
}

TEST_CASE("the slots' file is no hole, and keeps who was there") {
  temporary_directory dir;
  const std::string path = dir / "s.slots";
  {
    crash_slots s;
    CHECK(s.open(path).empty());
    CHECK(s.enter({.run = stet::detail::run_number(7),
                   .command = stet::detail::command_number(2),
                   .attempt = 3,
                   .tried = stet::detail::trial::alone}) >= 0);
  }
#if defined(__linux__)
  struct stat file{};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  CHECK(static_cast<std::uintmax_t>(file.st_blocks) * 512 >= file_bytes);
#endif
  crash_slots s;
  const auto found = s.open(path);
  REQUIRE(found.size() == 1);
  CHECK(found[0].run == stet::detail::run_number(7));
  CHECK(found[0].attempt == 3);
  CHECK(found[0].tried == stet::detail::trial::alone);
}
