// Exceptions whose what() is null.
#include <exception>
#include <string>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(std::string)> Echo{"echo"};

struct silent : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
struct unencodable {};
struct declared final : silent {};

}  // namespace

template <> struct stet::codec<unencodable> {
  static void encode(stet::writer&, const unencodable&) { throw silent{}; }
  static unencodable decode(stet::reader& in) { return (void)in.natural(), unencodable{}; }
};
template <> struct stet::codec<declared> {
  static void encode(stet::writer& out, const declared&) { out.natural(1); }
  static declared decode(stet::reader& in) { return (void)in.natural(), declared{}; }
};

namespace {

inline constexpr stet::error_type<declared> Declared{"declared"};

}  // namespace

TEST_CASE("an exception whose what() is null is told as any other") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Declared);
      e.define(Echo, [](stet::context& ctx, std::string how) -> stet::task<std::string> {
        constexpr stet::step_options once{.retry = {.max_attempts = 1}};
        if (how == "codec") co_await ctx.step("s", once, [] { return unencodable{}; });
        if (how == "declared") co_await ctx.step("s", once, []() -> int { throw declared{}; });
        if (how == "completion")
          co_await ctx.step("s", once,
                            [](stet::completion<unencodable> d) { d.resolve(unencodable{}); });
        if (how == "workflow") throw silent{};
        co_return "";
      });
    });
    for (std::string how : {"codec", "declared", "completion", "workflow"}) {
      CAPTURE(how);
      auto run = w.engine().start(Echo, how, how);
      bool is_itself = false;  // doctest would read its text
      auto what = what_throws([&] {
        try {
          w.result(run);
        } catch (const declared&) { is_itself = true; }
      });
      CHECK(is_itself == (how == "declared"));
      CHECK((is_itself || what.says("what() is null")));
    }
  });
}
