// A start with an id that is taken, by a request with the same or with other arguments.
#include <stet/json.hpp>
#include <string>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Order{"order"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};
struct bill {
  std::string item;
  int cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(bill, item, cents)
inline constexpr stet::workflow<void(std::string, bill)> Invoice{"invoice"};
inline constexpr stet::signal<> Go{"go"};

void define(stet::engine& e) {
  e.define(Order, [](stet::context& ctx, int cents) -> stet::task<int> {
    co_await ctx.receive(Go);
    co_return cents;
  });
  e.define(Chain, [](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.receive(Go);
    co_return co_await ctx.continue_as_new(Chain, n + 1);
  });
}

constexpr stet::start_options same{.expects_same_arguments = true};

}  // namespace

TEST_CASE("a start can insist that the run of its id began with the same arguments") {
  everywhere([](world& w) {
    w.open(define);
    auto check = [&] {
      auto& e = w.engine();
      CHECK(!e.start(Order, "17", same, 100).created());
      auto other = what_throws([&] { e.start(Order, "17", same, 200); });
      CHECK(other.code == stet::errc::other_arguments);
      CHECK(other.says("17"));
      CHECK(other.says("other arguments"));
      CHECK_MESSAGE(other.says("another argument 1"), other.text);
      CHECK(!e.start(Order, "17", 200).created());  // without the option it takes the run as it is
    };
    CHECK(w.engine().start(Order, "17", same, 100).created());
    check();
    w.settle();
    check();
    w.restart();
    check();
    auto run = *w.engine().find(Order, "17");
    run.signal(Go);
    CHECK(w.result(run) == 100);
    check();
    w.close();
    w.reopen();
    check();
    CHECK(w.engine()
              .start(Order, "17", {.reuse = stet::id_reuse::allow, .expects_same_arguments = true},
                     200)
              .created());
  });
}

TEST_CASE("a start that is refused says which argument, and which of its fields, is another one") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Invoice, [](stet::context& ctx, std::string, bill) -> stet::task<void> {
        co_await ctx.receive(Go);
      });
    });
    auto start = [&](const std::string& who, const bill& what) {
      return what_throws([&] { w.engine().start(Invoice, "i", same, who, what); });
    };
    CHECK(!start("ann", {"tea", 100}).thrown);
    CHECK(!start("ann", {"tea", 100}).thrown);
    auto cents = start("ann", {"tea", 200}), who = start("bob", {"tea", 100});
    CHECK_MESSAGE(cents.says("(this start has another argument 2, in its field 'cents')"),
                  cents.text);
    CHECK_MESSAGE(who.says("(this start has another argument 1)"), who.text);
    CHECK(!cents.says("200"));  // the text goes to logs
  });
}

TEST_CASE("the arguments of a chain are those of its first run") {
  everywhere([](world& w) {
    w.open(define);
    auto run = w.engine().start(Chain, "c", same, 1);
    run.signal(Go);
    run.signal(Go);
    w.settle();
    CHECK(!w.engine().start(Chain, "c", same, 1).created());
    auto other = what_throws([&] { w.engine().start(Chain, "c", same, 3); });
    CHECK(other.code == stet::errc::other_arguments);
  });
}
