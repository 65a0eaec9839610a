// A store's files are its owner's alone, and files planted by another user aren't taken for its
// own.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include <stet/check.hpp>

#include "tests/support/stores.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;
namespace fs = std::filesystem;

namespace {

inline constexpr stet::workflow<int(int)> Count{"count"};
constexpr uid_t somebody_else = 65534;

void define(stet::engine& e) {
  e.define(Count, [](stet::context& ctx, int n) -> stet::task<int> {
    for (int i = 0; i < n; ++i) co_await ctx.step("work", [] { return std::string(5000, 'x'); });
    co_await ctx.sleep(1h);
    co_return n;
  });
}

/// Lists everything in a folder, with its mode, that other users may touch.
std::vector<std::string> open_to_others(const std::string& where) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(where)) {
    struct stat s;
    REQUIRE(::lstat(entry.path().c_str(), &s) == 0);
    const mode_t wanted = S_ISDIR(s.st_mode) ? 0700 : 0600;
    if ((s.st_mode & 07777) != wanted)
      found.push_back(entry.path().filename().string() + " has mode " +
                      std::to_string(s.st_mode & 07777));
  }
  return found;
}

std::string try_open(const kind_of_store& kind, const std::string& path) {
  auto e = what_throws([&] { (void)kind.open(path); });
  return e.thrown ? e.text : "opened";
}

struct umask_of_a_test {
  explicit umask_of_a_test(mode_t m) : before(::umask(m)) {}
  umask_of_a_test(const umask_of_a_test&) = delete;
  umask_of_a_test& operator=(const umask_of_a_test&) = delete;
  ~umask_of_a_test() { ::umask(before); }
  mode_t before;
};

}  // namespace

TEST_CASE(
    "every file of every store has mode 0600, and a directory 0700, whatever the umask [S226]") {
  for (mode_t mask : {0000, 0022, 0077, 0277})
    for (auto& kind : kinds_in_files()) {
      CAPTURE(kind.scheme);
      CAPTURE(mask);
      temporary_directory dir;
      const auto path = dir / "s";
      umask_of_a_test set(mask);
      fake_clock clock;
      for (int life = 0; life < 3; ++life) {  // a new store, one that exists, one that was killed
        stet::engine e(kind.open(path), {.threads = 0, .tail_bytes_max = 8192, .clock = &clock});
        define(e);
        e.start();
        e.start(Count, "r" + std::to_string(life), 40);
        e.run_until_idle();
        const auto found = open_to_others(dir.path());
        CHECK_MESSAGE(found.empty(), found.size(), " files, and the first: ", found.front());
        if (life == 2) e.close();
      }
      const auto found = open_to_others(dir.path());
      CHECK_MESSAGE(found.empty(), found.size(), " files, and the first: ", found.front());
    }
}

TEST_CASE(
    "in a directory where everybody may write, what somebody else put there is refused [S226]") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can make files of somebody else");
    return;
  }
  for (auto& kind : kinds_in_files())
    for (const char* end : {"", ".owner", ".slots", "-log", "-wal", "-shm", "-lock", "-journal"}) {
      CAPTURE(kind.scheme);
      CAPTURE(end);
      temporary_directory dir;
      const auto planted = dir / "s" + end;
      REQUIRE(::chmod(dir.path().c_str(), 01777) == 0);
      std::ofstream(planted) << "";
      REQUIRE(::chown(planted.c_str(), somebody_else, somebody_else) == 0);
      const auto said = try_open(kind, dir / "s");
      CHECK_MESSAGE(said.find("belongs to another user") != said.npos, said);
      CHECK_MESSAGE(said.find(planted) != said.npos, said);
      CHECK(fs::file_size(planted) == 0);
      fs::remove(planted);
      CHECK(try_open(kind, dir / "s") == "opened");
    }
}

TEST_CASE("a symbolic link of somebody else is not followed where everybody may write [S226]") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can make links of somebody else");
    return;
  }
  for (auto& kind : kinds_in_files()) {
    CAPTURE(kind.scheme);
    temporary_directory dir, other;
    kind.open(other / "mine")->close();
    REQUIRE(::chmod(dir.path().c_str(), 01777) == 0);
    fs::create_symlink(other / "mine", dir / "s");
    CHECK(try_open(kind, dir / "s") == "opened");  // a link of one's own is followed
    REQUIRE(::lchown((dir / "s").c_str(), somebody_else, somebody_else) == 0);
    const auto said = try_open(kind, dir / "s");
    CHECK_MESSAGE(said.find("symbolic link that another user put") != said.npos, said);
    REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
    CHECK(try_open(kind, dir / "s") == "opened");
  }
}

TEST_CASE("slots that were planted harm nobody") {
  for (auto& kind : kinds_in_files()) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    const auto live = [&] {
      fake_clock clock;
      recorder heard;
      stet::engine e(kind.open(dir / "s"), {.threads = 0, .clock = &clock, .listener = &heard});
      define(e);
      e.start();
      e.start(Count, "r", 3);
      e.run_until_idle();
      CHECK(e.find(Count, "r").has_value());
      e.close();
    };
    SUBCASE("a hard link to what isn't ours stays as it is") {
      std::ofstream(dir / "victim") << "precious";
      fs::create_hard_link(dir / "victim", dir / "s.slots");
      live();
      CHECK(fs::file_size(dir / "victim") == 8);
    }
    SUBCASE("bytes of chance name runs, commands and attempts that aren't there") {
      for (unsigned seed = 0; seed < 20; ++seed) {
        std::mt19937 random(seed);
        std::string bytes(4096, '\0');
        for (std::size_t at = 0; at < bytes.size(); ++at)
          bytes[at] = static_cast<char>(at % 64 == 0  ? 2 + random() % 2
                                        : at % 64 < 4 ? 0
                                                      : random() % (seed % 2 ? 3 : 256));
        std::ofstream(dir / "s.slots", std::ios::binary) << bytes;
        live();
      }
      auto s = kind.open(dir / "s");
      CHECK(stet::check(*s).ok());
    }
    SUBCASE("a directory, or a pipe, is no place for slots") {
      fs::create_directory(dir / "s.slots");
      live();
      fs::remove(dir / "s.slots");
      REQUIRE(::mkfifo((dir / "s.slots").c_str(), 0600) == 0);
      live();
    }
  }
}
