// G5: what was done is undone, in reverse, when a saga fails or is cancelled.
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

/// Books as many of three things as it is told, then fails (or, at 4, waits).
stet::task<std::string> trip(stet::context& ctx, int count) {
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
    std::string all;
    for (const char* what : {"hotel", "flight", "car"}) {
      if (count-- == 0) throw std::runtime_error("no more");
      auto booking = co_await ctx.step("book", book, std::string(what));
      s.undo("cancel", cancel, booking);
      all += booking + " ";
    }
    if (count == 1) co_await ctx.sleep(std::chrono::hours(1));
    co_return all;
  });
}

}  // namespace

TEST_CASE("a saga that fails undoes what it did, the last first") {
  everywhere([](world& w) {
    diary.text.clear();
    w.open([](stet::engine& e) { e.define(Trip, trip); });
    auto run = w.engine().run(Trip, "t", 2);
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
          auto run = w.engine().run(Trip, "t", 4);
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
