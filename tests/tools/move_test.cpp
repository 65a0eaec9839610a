// A store is moved while its runs go on. A workflow begins on one database, and its process is
// killed. A process that is killed as well copies the store, and the workflow ends on another
// database.
#include <csignal>
#include <fstream>

#include "busy_store.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/stores.hpp"

using namespace stet_tests;

namespace {

/// Counts effects in a file, which outlives the processes that have them.
class counted {
 public:
  explicit counted(std::string path) : path_(std::move(path)) {}
  void hit(const std::string& what) const { std::ofstream(path_, std::ios::app) << what << "\n"; }
  std::map<std::string, int> all() const {
    std::map<std::string, int> found;
    std::ifstream in(path_);
    for (std::string line; std::getline(in, line);) ++found[line];
    return found;
  }

 private:
  std::string path_;
};

inline constexpr stet::workflow<std::string(int)> Trip{"trip"};

void define_trip(stet::engine& e, const counted& done) {
  e.define(Trip, [&done](stet::context& ctx, int days) -> stet::task<std::string> {
    std::string diary;
    for (int day = 0; day < days; ++day) {
      diary += co_await ctx.step("drive", [&done, id = std::string(ctx.id()), day] {
        done.hit(id + " drives on day " + std::to_string(day));
        return std::string(1, static_cast<char>('a' + day));
      });
      co_await ctx.sleep(24h);
    }
    co_return diary;
  });
}

constexpr int runs = 5, days = 4;

/// Runs the first two days; then the process is killed, with every run asleep.
void begin(const kind_of_store& kind, const std::string& path, const counted& done) {
  child_process child([&](int pipe) {
    fake_clock clock;
    stet::engine e{kind.open(path), {.threads = 0, .clock = &clock}};
    define_trip(e, done);
    e.start();
    for (int n = 0; n < runs; ++n) e.start(Trip, "trip " + std::to_string(n), int{days});
    e.run_until_idle();
    clock.advance(24h);
    e.run_until_idle();
    child_process::tell(pipe, "asleep");
    std::raise(SIGKILL);
  });
  CHECK(child.hear_all() == "asleep");
}

/// Kills its process before a commit, or after it.
struct deadly final : stet::forwarding_store {
  deadly(std::unique_ptr<stet::store> s, int commits, bool dies_after)
      : forwarding_store(std::move(s)), left(commits), after(dies_after) {}
  void commit(const stet::batch& b, stet::durability d) override {
    const bool dies = --left == 0;
    if (dies && !after) std::raise(SIGKILL);
    forwarding_store::commit(b, d);
    if (dies) std::raise(SIGKILL);
  }
  int left;
  bool after;
};

/// Copies in a process that is killed at each of its commits in turn and begun again, until it gets
/// through.
void copy_at_last(const kind_of_store& from_kind, const std::string& from,
                  const kind_of_store& to_kind, const std::string& to) {
  for (int at = 1; at < 100; ++at) {
    child_process child([&](int pipe) {
      auto source = from_kind.open(from);
      deadly target(to_kind.open(to), at, at % 2 == 0);
      stet::copy(*source, target);
      child_process::tell(pipe, "copied");
    });
    const auto heard = child.hear_all();
    if (heard == "copied") return;
    REQUIRE(heard.empty());                         // no exception: it was killed
    if (to_kind.open(to)->get("m format")) return;  // killed after the last commit
  }
  FAIL("the copy isn't done after a hundred attempts");
}

void end(const kind_of_store& kind, const std::string& path, const counted& done) {
  child_process child([&](int pipe) {
    fake_clock clock;
    clock.advance(24h);
    stet::engine e{kind.open(path), {.threads = 0, .clock = &clock}};
    define_trip(e, done);
    e.start();
    for (int day = 0; day < days; ++day) {
      e.run_until_idle();
      clock.advance(24h);
    }
    e.run_until_idle();
    for (int n = 0; n < runs; ++n) {
      auto run = e.find(Trip, "trip " + std::to_string(n));
      child_process::tell(pipe, run ? run->result() + " " : "lost ");
    }
    e.close();
  });
  CHECK(child.hear_all() == "abcd abcd abcd abcd abcd ");
}

}  // namespace

TEST_CASE("a workflow begins on one database, is copied asleep, and ends on another") {
  const auto kinds = kinds_in_files();
  for (auto& from : kinds) {
    for (auto& to : kinds) {
      CAPTURE(from.scheme);
      CAPTURE(to.scheme);
      temporary_directory dir;
      const counted done(dir / "effects");
      begin(from, dir / "old", done);
      CHECK(stet::check(*from.open(dir / "old")).ok());
      copy_at_last(from, dir / "old", to, dir / "new");
      CHECK(stet::check(*to.open(dir / "new")).ok());
      end(to, dir / "new", done);
      const auto all = done.all();
      CHECK(all.size() == runs * days);
      for (auto& [what, times] : all) CHECK_MESSAGE(times == 1, what);
    }
  }
}
