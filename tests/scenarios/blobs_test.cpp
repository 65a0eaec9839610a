// Blobs: bytes too long for a payload, kept beside the history in the commit of the step's result.
#include <vector>

#include <stet/blob.hpp>
#include <stet/check.hpp>
#include <stet/copy.hpp>

#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<stet::blob(int)> Film{"film"};
inline constexpr stet::workflow<std::string(stet::blob)> Look{"look"};
inline constexpr stet::workflow<int(int)> Many{"many"};

constexpr int long_one = 5 << 20;  // over the limit of payloads, in six pieces

std::string bytes_of(int size) {
  std::string s(static_cast<std::size_t>(size), '\0');
  for (std::size_t i = 0; i < s.size(); ++i) s[i] = static_cast<char>(i * 7 + i / 1000);
  return s;
}

stet::task<stet::blob> film(stet::context& ctx, int size) {
  auto kept = co_await ctx.step("download",
                                [size](stet::step_context& s) { return s.keep(bytes_of(size)); });
  auto same = co_await ctx.step("compare", [kept, size](stet::step_context& s) {
    return s.read(kept) == bytes_of(size) && s.read(kept, 10, 5) == bytes_of(size).substr(10, 5);
  });
  if (!same) throw std::logic_error("what was kept is something else");
  co_return kept;
}
void define_film(stet::engine& e) {
  e.define(Film, film);
  e.define(Look, [](stet::context& ctx, stet::blob b) -> stet::task<std::string> {
    co_return co_await ctx.step("look", {.retry = {.max_attempts = 1}, .run_inline = true},
                                [b](stet::step_context& s) { return s.read(b, 1 << 20, 3); });
  });
}
std::size_t entries_in(world& w) {
  auto s = w.store();
  std::size_t n = 0;
  for (auto& [key, value] : dump_of(*s)) n += key.find("stet:blobs") != std::string::npos;
  return n;
}

}  // namespace

TEST_CASE("a step keeps what is too long for a payload; others read it, whatever dies and when") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world&, stet::engine& e) { define_film(e); },
        [](world& w) {
          auto run = w.engine().start(Film, "f", long_one);
          auto kept = w.result(run);
          CHECK(kept.size() == static_cast<std::uint64_t>(long_one));
          auto seen = w.result(w.engine().start(Look, "l", kept));
          CHECK(seen == bytes_of(long_one).substr(1 << 20, 3));
          w.close();
          w.reopen();
        },
        [](world& w, death) {
          w.plan->heal();
          auto kept = w.engine().find(Film, "f")->result();
          CHECK(w.engine().read(kept) == bytes_of(long_one));
          CHECK(w.engine().read(kept, kept.size()).empty());
          w.close();
          CHECK(entries_in(w) == 5);  // once, however often it was tried
          auto report = stet::check(*w.store());
          CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
        });
  }
}

TEST_CASE("what a run has kept is erased with it, and moves with a copy") {
  everywhere([](world& w) {
    w.open(define_film);
    auto kept = w.run(Film, "f", 2 << 20);
    auto other = w.run(Film, "other", 3000);
    CHECK(w.engine().read(kept) == bytes_of(2 << 20));
    CHECK(what_throws([&] { w.engine().read(kept, (2 << 20) + 1); }).code == stet::errc::usage);
    CHECK(what_throws([&] { w.engine().in("elsewhere").read(kept); }).code ==
          stet::errc::not_found);
    w.engine().admin().erase("f");
    CHECK(what_throws([&] { w.engine().read(kept); }).code == stet::errc::not_found);
    CHECK(w.engine().read(other) == bytes_of(3000));
    auto look = w.engine().start(Look, "l", kept);
    w.settle();
    try {
      look.result();
      FAIL("a blob that was erased is read");
    } catch (const stet::run_failed& e) {
      CHECK(e.message().find("was erased") != std::string::npos);
    }
    w.close();
    CHECK(entries_in(w) == 1);
    auto from = w.store();
    auto contents = stet::memory::make_contents();
    auto to = stet::memory::open(contents);
    stet::copy(*from, *to);
    CHECK(stet::check(*to).ok());
  });
}

TEST_CASE("an attempt that fails keeps nothing; too much ends the step, once; many by one step") {
  effects seen;
  int worlds = 0;
  everywhere([&](world& w) {
    ++worlds;
    w.open([&](stet::engine& e) {
      e.define(Many, [&](stet::context& ctx, int n) -> stet::task<int> {
        auto all = co_await ctx.step("many", {.retry = {.initial_interval = 1ms}},
                                     [n](stet::step_context& s) {
                                       std::vector<stet::blob> all;
                                       for (int i = 0; i < n; ++i)
                                         all.push_back(s.keep(bytes_of(i)));
                                       if (s.attempt() < 3) throw std::runtime_error("not yet");
                                       return all;
                                     });
        auto big = co_await ctx.try_step("too much", [&](stet::step_context& s) {
          seen.hit("too much");
          return s.keep(std::string(stet::blob_bytes_max + 1, 'x'));
        });
        co_return static_cast<int>(all.size()) + (big ? 1000 : 0);
      });
    });
    CHECK(w.run(Many, "m", 5) == 5);
    w.close();
    CHECK(entries_in(w) == 4);  // one blob is empty
  });
  CHECK(seen.of("too much") == worlds);
}

TEST_CASE("a blob whose run isn't there is found by check") {
  world w;
  w.open(define_film);
  w.run(Film, "f", 100);
  w.close();
  auto s = w.store();
  stet::batch b;
  for (auto& [key, value] : dump_of(*s))
    if (auto at = key.find("stet:blobs"); at != std::string::npos) {
      auto stray = key;
      stray[at + 10 + 2 + 7] = '\x63';  // the run follows the end of the name
      b.put(stray, value);
    }
  s->commit(b, stet::durability::sync);
  auto report = stet::check(*s);
  REQUIRE(report.problem_count == 1);
  CHECK(report.problems[0].find("which isn't there") != std::string::npos);
}
