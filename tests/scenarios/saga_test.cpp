// A saga that fails or is cancelled undoes its actions in reverse order.
#include <map>
#include <optional>

#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(int)> Trip{"trip"};

struct log {
  std::mutex mutex;
  std::string text;
  void add(const std::string& what) {
    std::lock_guard lock(mutex);
    text += what + " ";
  }
  std::string get() {
    std::lock_guard lock(mutex);
    return text;
  }
};
log diary;

std::string book(const std::string& what) {
  diary.add("+" + what);
  return what + "-1";
}
void cancel(const std::string& booking) { diary.add("-" + booking); }

/// Books the first `count` of three things, then fails (or, if it is 4, waits).
stet::task<std::string> trip(stet::context& ctx, int count) {
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
    std::string all;
    for (const char* what : {"hotel", "flight", "car"}) {
      if (count-- == 0) throw stet::permanent_error("no more");
      all += co_await s.step("book", book, std::string(what)).undo("cancel", cancel) + " ";
    }
    if (count == 1) co_await ctx.sleep(std::chrono::hours(1));
    co_return all;
  });
}

inline constexpr stet::workflow<void()> Move{"move"};
inline constexpr stet::table<std::string, long> Accounts{"accounts"};

void add(stet::transaction& tx, const std::string& account, long cents) {
  tx.put(Accounts, account, tx.get(Accounts, account).value_or(0) + cents);
}

/// Takes first 10 and then 20 from ann, and fails.
stet::task<void> move(stet::context& ctx) {
  co_await ctx.saga([&](stet::saga& s) -> stet::task<> {
    for (long cents : {10, 20}) {
      co_await s.transact("take", [&](stet::transaction& tx) { add(tx, "ann", -cents); })
          .undo_transact("give back", add, "ann", cents);
      s.undo_transact_in_any_case("count", stet::owning([n = 1](stet::transaction& tx, long more) {
                                    add(tx, "undone", n + more);
                                  }),
                                  0L);
    }
    throw stet::permanent_error("nobody takes it");
  });
}

}  // namespace

TEST_CASE("a saga that fails undoes what it did, the last first") {
  everywhere([](world& w) {
    diary.text.clear();
    w.open([](stet::engine& e) { e.define(Trip, trip); });
    auto run = w.engine().start(Trip, "t", 2);
    CHECK_THROWS_AS(w.result(run), stet::run_failed);
    CHECK(diary.get() == "+hotel +flight -flight-1 -hotel-1 ");
    diary.text.clear();
    CHECK(w.run(Trip, "well", 3) == "hotel-1 flight-1 car-1 ");
    CHECK(diary.get() == "+hotel +flight +car ");
  });
}

TEST_CASE("a saga that is cancelled undoes what it did, durably [S79]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world&, stet::engine& e) { e.define(Trip, trip); },
        [](world& w) {
          auto run = w.engine().start(Trip, "t", 4);
          w.settle();
          run.cancel("rain");
          w.settle();
          auto status = run.status();
          CHECK(status == stet::status::cancelled);
        },
        [](world&, death) {
          auto text = diary.get();
          for (const char* what : {"+hotel", "+flight", "+car"}) {
            bool undone = text.find("-" + std::string(what + 1) + "-1") != std::string::npos;
            CHECK(undone == (text.find(what) != std::string::npos));
          }
          diary.text.clear();
        });
  }
}

TEST_CASE("a branch that succeeds is undone when another one fails") {
  everywhere([](world& w) {
    diary.text.clear();
    w.open([](stet::engine& e) {
      e.define(Trip, [](stet::context& ctx, int) -> stet::task<std::string> {
        co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
          auto no = [](const std::string&) -> std::string { throw stet::permanent_error("full"); };
          auto both =
              co_await stet::all(s.step("hotel", book, std::string("hotel")).undo("cancel", cancel),
                                 s.step("flight", no, std::string("flight")).undo("never", cancel));
          co_return std::get<0>(both);
        });
      });
    });
    auto run = w.engine().start(Trip, "t", 0);
    CHECK_THROWS_AS(w.result(run), stet::run_failed);
    CHECK(diary.get() == "+hotel -hotel-1 ");
  });
}

TEST_CASE("a saga whose time is up undoes what its last step has done meanwhile") {
  everywhere_by_hand([](world& w) {
    diary.text.clear();
    std::optional<stet::completion<std::string>> answer;
    w.open([&](stet::engine& e) {
      e.define(Trip, [&](stet::context& ctx, int) -> stet::task<std::string> {
        auto begin = [&answer](stet::completion<std::string> done) { answer = std::move(done); };
        auto trip =
            co_await stet::with_timeout(1h, ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
              co_return co_await s.step("slow", stet::owning(begin)).undo("cancel", cancel);
            }));
        co_return trip.value_or("none");
      });
    });
    auto run = w.engine().start(Trip, "t", 0);
    w.pass(2h);
    CHECK(diary.get() == "");
    REQUIRE(answer);
    answer->resolve("slow-1");
    answer.reset();
    CHECK(w.result(run) == "none");
    CHECK(diary.get() == "-slow-1 ");
  });
}

TEST_CASE("a saga that was cancelled before begins nothing more") {
  everywhere([](world& w) {
    diary.text.clear();
    w.open([](stet::engine& e) {
      e.define(Trip, [](stet::context& ctx, int) -> stet::task<std::string> {
        co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
          try {
            co_await ctx.sleep(1h);
          } catch (const stet::cancelled&) {}
          co_return co_await s.step("hotel", book, std::string("hotel")).undo("cancel", cancel);
        });
      });
    });
    auto run = w.engine().start(Trip, "t", 0);
    w.settle();
    run.cancel("rain");
    w.settle();
    CHECK(run.status() == stet::status::cancelled);
    CHECK(diary.get() == "");
  });
}

TEST_CASE("an undo that is a transaction undoes exactly once, whatever dies and when") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world&, stet::engine& e) { e.define(Move, move); },
        [](world& w) {
          w.engine().transact([](stet::transaction& tx) {
            if (!tx.get(Accounts, "ann")) tx.put(Accounts, "ann", 100);
          });
          auto run = w.engine().start(Move, "m");
          w.finish();
          CHECK_THROWS_AS(run.result(), stet::run_failed);
        },
        [](world& w, death) {
          auto expected = std::map<std::string, long>{{"ann", 100}, {"undone", 2}};
          CHECK(entries_of(w.engine(), Accounts) == expected);
        });
  }
}

TEST_CASE("an undo that can't be registered stalls its run: a mended build undoes everything") {
  everywhere_by_hand([](world& w) {
    diary.text.clear();
    w.options.payload_bytes_max = 4096;
    auto define = [](std::size_t note_bytes) {
      return [note_bytes](stet::engine& e) {
        e.define(Trip, [note_bytes](stet::context& ctx, int) -> stet::task<std::string> {
          co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
            co_await s.step("hotel", book, std::string("hotel")).undo("cancel", cancel);
            auto drop = [](const std::string& booked, const std::string&) {
              cancel(booked.substr(0, 3) + "-1");
            };
            co_await s.step("car", [] { return "car" + std::string(4000, '.'); })
                .undo("drop", drop, std::string(note_bytes, 'n'));
            throw stet::permanent_error("no more");
          });
        });
      };
    };
    w.open(define(500));  // too long together with the result of the step
    auto run = w.engine().start(Trip, "t", 0);
    w.finish();
    CHECK(run.status() == stet::status::stalled);
    CHECK(diary.get() == "+hotel ");
    auto what = what_throws([&] { run.result(); });
    CHECK_MESSAGE(what.says("can't be registered"), what.text);
    w.crash();
    w.open(define(5));
    w.finish();
    CHECK(w.engine().find(Trip, "t").value().status() == stet::status::failed);
    CHECK(diary.get() == "+hotel -car-1 -hotel-1 ");
  });
}

TEST_CASE("an undo whose name or options make no sense is refused before its step begins") {
  everywhere_by_hand([](world& w) {
    diary.text.clear();
    w.open([](stet::engine& e) {
      e.define(Trip, [](stet::context& ctx, int n) -> stet::task<std::string> {
        co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
          auto step = s.step("book", book, std::string("hotel"));
          if (n == 0) co_return co_await std::move(step).undo("", cancel);
          co_return co_await std::move(step).undo("cancel", {.timeout = -1s}, cancel);
        });
      });
    });
    for (int n : {0, 1}) {
      auto run = w.engine().start(Trip, "t-" + std::to_string(n), n);
      w.finish();
      CHECK(run.status() == stet::status::failed);
    }
    CHECK(diary.get() == "");
  });
}
