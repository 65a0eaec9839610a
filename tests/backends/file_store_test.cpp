// The life of a store in a file, over a database that only notes what it is asked to do.
#include "backends/common/file_store.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "owner_cases.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace stet_conformance;
using stet::commit_outcome;
using stet::errc;
using stet_tests::child_process;
using stet_tests::has;
using stet_tests::temporary_directory;

namespace {

/// Notes each request to the database as a word, and the answers that it gives.
struct notes {
  std::string calls;
  std::optional<commit_outcome> commit_fails;
  bool finish_fails = false;
};

class noting_contents final : public stet::backend::file_contents {
 public:
  noting_contents(const std::string& path, notes& n)
      : file_contents({.scheme = "note", .path = path, .key_bytes_max = 3},
                      stet::backend::file_owner::lock_data::yes),
        notes_(n) {}
  // The file is still owned when the database ends.
  ~noting_contents() override { notes_.calls += owner_.is_in_place() ? "end " : "late "; }

  std::optional<std::string> get(std::string_view) override {
    notes_.calls += "get ";
    return std::nullopt;
  }
  void scan(const stet::scan_range&, stet::visitor&) override { notes_.calls += "scan "; }
  void commit(const stet::batch&, stet::durability) override {
    notes_.calls += "commit ";
    if (!notes_.commit_fails) return;
    throw stet::store_error(errc::store, "note commit", info_.path, 0, "no", *notes_.commit_fails);
  }
  void finish() override {
    notes_.calls += "finish ";
    if (notes_.finish_fails) throw std::runtime_error("no end");
  }
  void give_up() noexcept override { notes_.calls += "give_up "; }

 private:
  notes& notes_;
};

std::unique_ptr<stet::backend::file_store> open(const std::string& path, notes& n) {
  return std::make_unique<stet::backend::file_store>(std::make_unique<noting_contents>(path, n));
}

}  // namespace

TEST_CASE("a store in a file is finished once, and frees its file when it is closed") {
  temporary_directory dir;
  notes n;
  auto s = open(dir / "s", n);
  put(*s, "a", "1");
  s->close();
  s->close();
  CHECK(n.calls == "commit finish end ");
  CHECK(fails_as(errc::store, [&] { (void)s->get("a"); }));
  CHECK(s->info().path == fs::canonical(dir.path()) / "s");
  open(dir / "s", n)->close();
}

TEST_CASE("a database in a file is asked for nothing that is wrong or empty") {
  temporary_directory dir;
  notes n;
  auto s = open(dir / "s", n);
  CHECK(fails_as(errc::usage, [&] { (void)s->get("long"); }));
  CHECK(fails_as(errc::usage, [&] { put(*s, "long", "1"); }));
  CHECK(scanned(*s, "b", "a").empty());
  CHECK(n.calls.empty());
}

TEST_CASE("a commit of unknown outcome ends a store in a file, and a refused one doesn't") {
  temporary_directory dir;
  notes n;
  auto s = open(dir / "s", n);
  n.commit_fails = commit_outcome::refused;
  CHECK(refused_as(errc::store, [&] { put(*s, "a", "1"); }));
  n.commit_fails = commit_outcome::unknown;
  CHECK(fails_as(errc::store, [&] { put(*s, "a", "1"); }));
  CHECK(refused_as(errc::store, [&] { put(*s, "a", "1"); }));
  CHECK(fails_as(errc::store, [&] { (void)s->get("a"); }));
  s->close();
  CHECK(n.calls == "commit commit give_up end ");
}

TEST_CASE("a store in a file that can't be finished is closed all the same") {
  temporary_directory dir;
  notes n;
  n.finish_fails = true;
  auto s = open(dir / "s", n);
  CHECK_THROWS_WITH(s->close(), "no end");
  CHECK(n.calls == "finish give_up end ");
  s->close();
  (void)open(dir / "s", n);  // its destructor closes it, and throws nothing
}

TEST_CASE("a commit to a file that was moved is refused before the database is asked") {
  temporary_directory dir;
  notes n;
  auto s = open(dir / "s", n);
  fs::rename(dir / "s", dir / "moved");
  CHECK(refused_as(errc::store, [&] { put(*s, "a", "1"); }));
  auto e = error_of([&] { (void)s->get("a"); });
  REQUIRE(e);
  has(e->what(), "the file was deleted, renamed or replaced under the open store");
  s->close();
  CHECK(n.calls == "give_up late ");
}

TEST_CASE("a forked child neither uses nor ends the database of its parent's store") {
  temporary_directory dir;
  notes n;
  auto s = open(dir / "s", n);
  child_process child([&](int pipe) {
    auto e = error_of([&] { (void)s->get("a"); });
    s.reset();
    child_process::tell(pipe, n.calls + (e ? e->what() : "used"));
  });
  const auto told = child.hear_all();
  CHECK(told.starts_with("note get "));  // nothing was asked of the database
  has(told, "the store belongs to the process that opened it");
  CHECK(child.wait() == 0);
  CHECK(s->get("a") == std::nullopt);
}
