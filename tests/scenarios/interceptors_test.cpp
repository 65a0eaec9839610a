// An interceptor that runs a body again, or answers in its place.
#include <atomic>
#include <stdexcept>
#include <string>

#include "tests/support/outside.hpp"
#include "tests/support/tables.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::table<std::string, int> Accounts{"accounts"};

}  // namespace

TEST_CASE("what a body wrote before an interceptor repeats it, or answers for it, doesn't count") {
  struct stands_before final : stet::interceptor {
    std::string run_step(const stet::step_attempt&, stet::step_body& body) override {
      for (;;) try {
          return body.run();
        } catch (const std::runtime_error&) {
          if (!repeats) return answer;
        }
    }
    bool repeats = false;
    std::string answer;
  };
  for (bool repeats : {false, true}) {
    CAPTURE(repeats);
    everywhere([&](world& w) {
      stands_before before;
      before.repeats = repeats;
      stet::encode<int>(before.answer, -1);
      w.options.interceptor = &before;
      std::atomic<int> fails{1};
      w.open([&](stet::engine& e) {
        e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
          co_return co_await ctx.transact("debit", [&](stet::transaction& tx) {
            tx.put(Accounts, "ann", *tx.get(Accounts, "ann") - 10);
            if (fails-- > 0) throw std::runtime_error("no connection");
            tx.put(Accounts, "bob", *tx.get(Accounts, "bob") + 10);
            return 1;
          });
        });
      });
      w.engine().transact([](stet::transaction& tx) {
        tx.put(Accounts, "ann", 100);
        tx.put(Accounts, "bob", 100);
      });
      CHECK(w.run(Number, "n") == (repeats ? 1 : -1));
      auto has = [&](const char* who) {
        return w.engine().transact([&](stet::transaction& tx) { return *tx.get(Accounts, who); });
      };
      CHECK(has("ann") == (repeats ? 90 : 100));
      CHECK(has("bob") == (repeats ? 110 : 100));
    });
  }
}

TEST_CASE(
    "a non-blocking step whose body an interceptor has called again is pending, as any other") {
  struct calls_again final : stet::interceptor {
    std::string run_step(const stet::step_attempt&, stet::step_body& body) override {
      try {
        return body.run();
      } catch (const std::runtime_error&) { return body.run(); }
    }
  };
  everywhere([](world& w) {
    calls_again again;
    w.options.interceptor = &again;
    std::atomic<int> calls{0};
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step("x", {.retry = {.max_attempts = 1}},
                                    stet::owning([&](stet::completion<int> done) {
                                      if (calls++ == 0) throw std::runtime_error("no connection");
                                      begun.take(done);
                                    }));
      });
    });
    auto run = w.engine().start(Number, "n");
    until(w, [&] { return begun.taken() == 1; });
    begun.next()->resolve(7);
    CHECK(w.result(run) == 7);
  });
}
