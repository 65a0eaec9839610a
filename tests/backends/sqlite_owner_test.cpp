// Ownership of an SQLite file: its other names, forks, tools, and programs with SQLite libraries of
// their own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stet/sqlite.hpp>

#include "owner_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::errc;
using stet_tests::child_process;
using stet_tests::has;
using stet_tests::temporary_directory;

namespace {

const stet_tests::file_store sqlite{
    "sqlite",
    [](const std::string& path) { return stet::sqlite::open(path); },
    {"-wal", "-shm", "-journal", ".owner"}};

/// A tool or another program: a plain SQLite connection.
class tool {
 public:
  explicit tool(const std::string& path) { REQUIRE(sqlite3_open(path.c_str(), &raw_) == 0); }
  tool(const tool&) = delete;
  tool& operator=(const tool&) = delete;
  ~tool() { sqlite3_close(raw_); }
  /// Returns SQLite's code.
  int run(const std::string& sql) {
    return sqlite3_exec(raw_, sql.c_str(), nullptr, nullptr, nullptr);
  }
  int count(const std::string& sql) {
    sqlite3_stmt* s = nullptr;
    REQUIRE(sqlite3_prepare_v2(raw_, sql.c_str(), -1, &s, nullptr) == 0);
    REQUIRE(sqlite3_step(s) == SQLITE_ROW);
    int n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return n;
  }

 private:
  sqlite3* raw_ = nullptr;
};

}  // namespace

TEST_CASE("an SQLite file has one owner [S163, S169, S170]") { stet_tests::check_owner(sqlite); }

TEST_CASE("an SQLite file with two names is refused: its log is found by one of them only") {
  temporary_directory dir;
  child_process holder([&](int pipe) {
    auto s = stet::sqlite::open(dir / "s");
    put(*s, "a", "1");
    child_process::tell(pipe, "ready");
    ::pause();
  });
  REQUIRE(holder.hear() == "ready");
  fs::create_hard_link(dir / "s", dir / "hard");
  has(sqlite.try_open(dir / "hard"), "it has 2 names");
  holder.kill();
  has(sqlite.try_open(dir / "hard"), "it has 2 names");
  has(sqlite.try_open(dir / "s"), "it has 2 names");
  fs::remove(dir / "hard");
  CHECK(stet::sqlite::open(dir / "s")->get("a") == "1");
}

TEST_CASE("what was open when a process was forked, the child can't open even when it is free") {
  temporary_directory dir;
  stet::sqlite::open(dir / "closed")->close();
  child_process parent([&](int pipe) {
    auto s = stet::sqlite::open(dir / "s");
    put(*s, "a", "1");
    int wait[2];
    if (::pipe(wait) != 0) ::_exit(6);
    if (::fork() == 0) {
      char c;
      ::close(wait[1]);
      (void)!::read(wait[0], &c, 1);  // waits until the parent is gone
      child_process::tell(pipe, sqlite.try_open(dir / "s") + "\n");
      s.reset();
      child_process::tell(pipe, sqlite.try_open(dir / "s") + "\n");
      child_process::tell(pipe, sqlite.try_open(dir / "closed") + "\n");
      ::_exit(0);
    }
  });
  std::string all = parent.hear_all();
  has(all, "conflict: ");
  has(all, "it was open when this process was forked");
  CHECK(all.find("opened") == all.rfind("opened"));
  CHECK(all.substr(all.find("opened")) == "opened\n");  // the answer for the closed store
  CHECK(stet::sqlite::open(dir / "s")->get("a") == "1");
}

TEST_CASE("a tool may read an open SQLite store, and copy it [S172]") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s", {.wal_bytes = 1});
  put(*s, "a", "1");
  {
    tool t(dir / "s");
    CHECK(t.run("BEGIN; SELECT count(*) FROM pairs") == SQLITE_OK);
    for (int i = 0; i < 100; ++i) put(*s, std::to_string(i), std::string(5000, 'x'));
    CHECK(t.count("SELECT count(*) FROM pairs") == 1);  // still the state that the tool first saw
    CHECK(t.run("COMMIT") == SQLITE_OK);
    CHECK(t.count("SELECT count(*) FROM pairs") == 101);
    CHECK(t.run("VACUUM INTO '" + dir / "copy" + "'") == SQLITE_OK);
  }
  put(*s, "b", "2");
  CHECK(scanned(*s).size() == 102);
  CHECK(scanned(*stet::sqlite::open(dir / "copy")).size() == 101);
}

TEST_CASE("while a tool writes an SQLite store, a commit is refused, and later goes on") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s");
  put(*s, "a", "1");
  {
    tool t(dir / "s");
    REQUIRE(t.run("BEGIN IMMEDIATE") == SQLITE_OK);
    auto e = error_of([&] { put(*s, "b", "2"); });
    REQUIRE(e);
    CHECK(e->code() == errc::busy);
    CHECK(e->outcome() == stet::commit_outcome::refused);
    has(e->what(), "another program holds it");
    CHECK(s->get("a") == "1");
    CHECK(!s->get("b"));
  }
  put(*s, "b", "2");
  s->close();
  tool t(dir / "s");
  REQUIRE(t.run("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE") == SQLITE_OK);
  has(sqlite.try_open(dir / "s"), "conflict: ");
}

TEST_CASE("a log that is deleted under an open SQLite store ends it") {
  temporary_directory dir;
  auto s = stet::sqlite::open(dir / "s");
  put(*s, "a", "1");
  fs::remove(dir / "s-wal");
  auto e = error_of([&] { put(*s, "b", "2"); });
  REQUIRE(e);
  CHECK(e->outcome() == stet::commit_outcome::unknown);
  has(e->what(), "s-wal was deleted, renamed or replaced");
  CHECK(fails_as(errc::store, [&] { (void)s->get("a"); }));
}

namespace {

/// The pid of the process that holds a lock on a byte of the file, as another process sees it; 0 if
/// none does.
int locked_by(const std::string& path, long byte) {
  child_process other([&](int pipe) {
    int fd = ::open(path.c_str(), O_RDWR);
    struct flock l{};
    l.l_type = F_WRLCK;
    l.l_whence = SEEK_SET;
    l.l_start = byte;
    l.l_len = 1;
    if (::fcntl(fd, F_GETLK, &l) != 0) ::_exit(6);
    child_process::tell(pipe, std::to_string(l.l_type == F_UNLCK ? 0 : l.l_pid));
  });
  return std::stoi(other.hear_all());
}

}  // namespace

TEST_CASE("another program's SQLite file is refused and left alone, with its locks") {
  temporary_directory dir;
  for (const char* mode : {"DELETE", "WAL"}) {
    CAPTURE(mode);
    const std::string path = dir / mode;
    tool app(path);
    REQUIRE(app.run("PRAGMA journal_mode=" + std::string(mode)) == SQLITE_OK);
    REQUIRE(app.run("CREATE TABLE mine(x); INSERT INTO mine VALUES(1), (2)") == SQLITE_OK);
    // A connection of the same library in the same process keeps the locks that it has.
    constexpr long reserved_byte = 0x40000001, shared_byte = 0x40000002;
    const bool is_wal = mode[0] == 'W';
    REQUIRE(app.run("BEGIN IMMEDIATE; INSERT INTO mine VALUES(3)") == SQLITE_OK);
    const long byte = is_wal ? shared_byte : reserved_byte;
    REQUIRE(locked_by(path, byte) == ::getpid());
    auto e = error_of([&] { stet::sqlite::open(path); });
    REQUIRE(e);
    CHECK(e->code() == errc::corrupt);
    has(e->what(), "another program");
    CHECK(locked_by(path, byte) == ::getpid());
    REQUIRE(app.run("COMMIT") == SQLITE_OK);
    CHECK(app.count("SELECT count(*) FROM mine") == 3);
    CHECK(app.count("PRAGMA application_id") == 0);
  }
}

TEST_CASE("an SQLite file that isn't quite a Stet store is refused with the reason") {
  temporary_directory dir;
  auto refused_after = [&](const std::string& sql) {
    stet::sqlite::open(dir / "s")->close();
    { CHECK(tool(dir / "s").run(sql) == SQLITE_OK); }
    auto text = sqlite.try_open(dir / "s");
    fs::remove(dir / "s");
    fs::remove(dir / "s.owner");
    return text;
  };
  has(refused_after("PRAGMA user_version=2"), "open it with a newer Stet");
  has(refused_after("PRAGMA application_id=7"), "another program");
  has(refused_after("CREATE TABLE mine(x)"), "not those that Stet made");
  has(refused_after("CREATE TRIGGER t AFTER INSERT ON pairs BEGIN DELETE FROM pairs; END"),
      "not those that Stet made");
  has(refused_after("DROP TABLE pairs"), "not those that Stet made");
  { CHECK(tool(dir / "s").run("CREATE TABLE mine(x); DROP TABLE mine") == SQLITE_OK); }
  CHECK(sqlite.try_open(dir / "s") == "opened");  // an empty file counts as a new one
}
