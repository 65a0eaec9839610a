#include "port/files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;
namespace port = stet::port;
namespace fs = std::filesystem;

namespace {

/// Lets all users open files that are made with no other mode.
struct open_umask {
  mode_t before = ::umask(0);
  ~open_umask() { ::umask(before); }
};

mode_t mode_of(const std::string& path) {
  struct stat s;
  REQUIRE(::lstat(path.c_str(), &s) == 0);
  return s.st_mode & 07777;
}

std::string text_in(const port::file& f) {
  char text[64];
  std::size_t got = 0;
  CHECK(f.read(0, text, sizeof text, got) == 0);
  return {text, got};
}

}  // namespace

TEST_CASE("a file is made for its owner only, and once") {
  temporary_directory dir;
  open_umask all;
  port::file f, again;
  CHECK(port::create(dir / "a", f) == 0);
  CHECK(f.is_open());
  CHECK(mode_of(dir / "a") == 0600);
  CHECK(port::is_taken(port::create(dir / "a", again)));
  CHECK_FALSE(again.is_open());
  CHECK(port::open_or_create(dir / "a", again) == 0);
  CHECK(port::open_or_create(dir / "b", again) == 0);
  CHECK(mode_of(dir / "b") == 0600);
}

TEST_CASE("a directory is made for its owner only, or opened") {
  temporary_directory dir;
  open_umask all;
  port::file f;
  for (int i = 0; i < 2; ++i) {
    CHECK(port::open_or_create_directory(dir / "d", f) == 0);
    CHECK(mode_of(dir / "d") == 0700);
  }
  std::ofstream(dir / "file") << "x";
  CHECK(port::is_missing(port::open_or_create_directory(dir / "file", f)));
}

TEST_CASE("no symbolic link is followed when a file is opened") {
  temporary_directory dir;
  std::ofstream(dir / "file") << "x";
  fs::create_symlink(dir / "file", dir / "link");
  fs::create_symlink(dir / "nothing", dir / "dangling");
  port::file f;
  CHECK(port::is_link(port::open(dir / "link", f)));
  CHECK(port::is_link(port::open_or_create(dir / "link", f)));
  CHECK(port::is_link(port::open_or_create(dir / "dangling", f)));
  CHECK_FALSE(fs::exists(dir / "nothing"));
  CHECK(port::open(dir / "file", f) == 0);
}

TEST_CASE("what is opened isn't passed on to programs") {
  temporary_directory dir;
  port::file made, found, directory;
  CHECK(port::create(dir / "a", made) == 0);
  CHECK(port::open(dir / "a", found) == 0);
  CHECK(port::open_or_create_directory(dir.path(), directory) == 0);
  for (auto* f : {&made, &found, &directory}) {
    CHECK((::fcntl(f->native(), F_GETFD) & FD_CLOEXEC) != 0);
  }
  ::fcntl(made.native(), F_SETFD, 0);
  port::keep_from_programs(made.native());
  CHECK((::fcntl(made.native(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("an error has the system's number and words, and leaves the file that was open") {
  temporary_directory dir;
  port::file f;
  CHECK(port::create(dir / "a", f) == 0);
  const auto before = f.native();
  const int error = port::open(dir / "missing", f);
  CHECK(error == ENOENT);
  CHECK(port::is_missing(error));
  CHECK(port::text_of(error) == "No such file or directory");
  CHECK(f.native() == before);
  CHECK(port::is_missing(port::open(dir / "a/under", f)));
}

TEST_CASE("a file is closed once, by whoever has it last") {
  temporary_directory dir;
  port::native_file number = port::no_file;
  {
    port::file f;
    CHECK(port::create(dir / "a", f) == 0);
    number = f.native();
    port::file other(std::move(f));
    CHECK_FALSE(f.is_open());  // NOLINT(bugprone-use-after-move): that is the test
    f = std::move(other);
    CHECK(f.native() == number);
    CHECK(::fcntl(number, F_GETFD) >= 0);
  }
  CHECK(::fcntl(number, F_GETFD) < 0);
  port::file f;
  CHECK(port::open(dir / "a", f) == 0);
  f.close();
  f.close();
  CHECK_FALSE(f.is_open());
}

TEST_CASE("what was written somewhere is read there, and a file ends where it ends") {
  temporary_directory dir;
  port::file f;
  CHECK(port::create(dir / "a", f) == 0);
  std::size_t written = 99;
  CHECK(f.write(3, "behind", written) == 0);
  CHECK(written == 6);
  CHECK(f.write(0, "abc", written) == 0);
  CHECK(written == 3);
  CHECK(text_in(f) == "abcbehind");
  char text[64];
  std::size_t got = 99;
  CHECK(f.read_some(3, text, 2, got) == 0);
  CHECK(std::string(text, got) == "be");
  CHECK(f.read(100, text, sizeof text, got) == 0);
  CHECK(got == 0);
  CHECK(f.set_size(4) == 0);
  CHECK(text_in(f) == "abcb");
  CHECK(f.set_size(6) == 0);
  CHECK(text_in(f) == std::string("abcb\0\0", 6));
}

TEST_CASE("a write that fails says how much was written") {
  port::file f = port::file::own(::open("/dev/full", O_RDWR));
  if (!f.is_open()) return;
  std::size_t written = 99;
  const int error = f.write(0, "text", written);
  CHECK(port::is_no_room(error));
  CHECK(written == 0);
}

TEST_CASE("room that is reserved changes nothing that the file holds") {
  temporary_directory dir;
  port::file f;
  CHECK(port::create(dir / "a", f) == 0);
  std::size_t written = 0;
  CHECK(f.write(0, "text", written) == 0);
  const int error = f.reserve(1 << 20);
  CHECK_FALSE(port::is_no_room(error));
  CHECK(f.set_size(4) == 0);
  CHECK(text_in(f) == "text");
}

TEST_CASE("files and the names in a directory are flushed") {
  temporary_directory dir;
  port::file f;
  CHECK(port::create(dir / "a", f) == 0);
  CHECK(f.flush_data() == 0);
  CHECK(f.flush() == 0);
  CHECK(port::flush_directory(dir.path()) == 0);
  CHECK(port::flush_directory("") == 0);
  CHECK(port::is_missing(port::flush_directory(dir / "missing")));
}

TEST_CASE("facts are of the file, by its name and by itself") {
  temporary_directory dir;
  std::ofstream(dir / "a") << "four";
  fs::create_symlink(dir / "a", dir / "link");
  fs::create_hard_link(dir / "a", dir / "second");
  port::file f;
  CHECK(port::open(dir / "a", f) == 0);
  port::file_facts here, there, link, folder;
  CHECK(f.look(here) == 0);
  CHECK(here.kind == port::file_kind::regular);
  CHECK(here.bytes == 4);
  CHECK(here.names == 2);
  CHECK(port::is_own(here));
  for (const char* name : {"a", "second", "link"}) {
    CHECK(port::look(dir / name, there) == 0);
    CHECK(there.identity == here.identity);
  }
  CHECK(port::look_at_name(dir / "link", link) == 0);
  CHECK(link.kind == port::file_kind::link);
  CHECK_FALSE(link.identity == here.identity);
  CHECK(port::look(dir.path(), folder) == 0);
  CHECK(folder.kind == port::file_kind::directory);
  CHECK_FALSE(folder.open_to_all);
  CHECK(::chmod(dir.path().c_str(), 0777) == 0);
  CHECK(port::look(dir.path(), folder) == 0);
  CHECK(folder.open_to_all);
  CHECK(port::look("/dev/null", there) == 0);
  CHECK(there.kind == port::file_kind::other);
  CHECK(port::is_missing(port::look(dir / "missing", there)));
  CHECK(port::is_missing(port::look_at_name(dir / "a/under", there)));
}

TEST_CASE("a file that was removed has no name, and another in its place is another") {
  temporary_directory dir;
  port::file f, other;
  port::file_facts before, after;
  CHECK(port::create(dir / "a", f) == 0);
  CHECK(f.look(before) == 0);
  CHECK(port::remove(dir / "a") == 0);
  CHECK(port::is_missing(port::remove(dir / "a")));
  CHECK(f.look(after) == 0);
  CHECK(after.names == 0);
  CHECK(port::create(dir / "a", other) == 0);
  CHECK(other.look(after) == 0);
  CHECK_FALSE(after.identity == before.identity);
}

TEST_CASE("files and directories are made their owner's only") {
  temporary_directory dir;
  std::ofstream(dir / "a") << "x";
  CHECK(::chmod((dir / "a").c_str(), 0666) == 0);
  CHECK(port::restrict_to_owner(dir / "a", port::file_kind::regular) == 0);
  CHECK(mode_of(dir / "a") == 0600);
  CHECK(::chmod(dir.path().c_str(), 0777) == 0);
  CHECK(port::restrict_to_owner(dir.path(), port::file_kind::directory) == 0);
  CHECK(mode_of(dir.path()) == 0700);
}

TEST_CASE("a real path has no symbolic link in it") {
  temporary_directory dir;
  fs::create_directory(dir / "d");
  fs::create_directory_symlink(dir / "d", dir / "link");
  std::string real;
  CHECK(port::real_path(dir / "link", real) == 0);
  CHECK(real == fs::canonical(dir / "d"));
  CHECK(port::is_missing(port::real_path(dir / "missing", real)));
  CHECK(real == fs::canonical(dir / "d"));
}

TEST_CASE("the names in a directory are listed") {
  temporary_directory dir;
  std::vector<std::string> names;
  CHECK(port::names_in(dir.path(), names) == 0);
  CHECK(names.empty());
  CHECK(port::is_empty_directory(dir.path()));
  std::ofstream(dir / ".hidden") << "x";
  fs::create_directory(dir / "d");
  CHECK(port::names_in(dir.path(), names) == 0);
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{".hidden", "d"});
  CHECK_FALSE(port::is_empty_directory(dir.path()));
  CHECK(port::is_missing(port::names_in(dir / "missing", names)));
  CHECK_FALSE(port::is_empty_directory(dir / "missing"));
}
