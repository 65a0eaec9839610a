// Exceptions whose what() is null.
#include <exception>
#include <memory>
#include <optional>
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
struct silent_refusal final : stet::error {
  silent_refusal() : error(stet::errc::conflict, "validator", "no") {}
  const char* what() const noexcept override { return nullptr; }
};
struct silent_store_error final : stet::store_error {
  silent_store_error() : store_error(stet::errc::store, "commit", "here", 0, "no") {}
  const char* what() const noexcept override { return nullptr; }
};

/// A store of a user's that fails, from a moment on, with an exception without a text.
class failing_store final : public stet::store {
 public:
  explicit failing_store(const bool& fails) : fails_(fails) {}
  std::optional<std::string> get(std::string_view key) override { return below_->get(key); }
  void scan(const stet::scan_range& r, stet::visitor& v) override { below_->scan(r, v); }
  void commit(const stet::batch& b, stet::durability d) override {
    if (fails_) throw silent_store_error{};
    below_->commit(b, d);
  }
  void close() override { below_->close(); }
  stet::store_info info() const override { return below_->info(); }

 private:
  const bool& fails_;
  std::unique_ptr<stet::store> below_ = stet::memory::open();
};

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
inline constexpr stet::update<int(int)> Add{"add"};

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

TEST_CASE("a validator that refuses without a text is an answer as any other") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Echo, [](stet::context& ctx, std::string) -> stet::task<std::string> {
        auto refuse = [](int) { throw silent_refusal{}; };
        auto adding = ctx.on(Add, refuse, [](int n) { return n; });
        co_await ctx.sleep(1h);
        co_return "";
      });
    });
    auto run = w.engine().start(Echo, "e", "");
    auto refused = what_throws([&] { run.update(Add, 1); });
    CHECK(refused.code == stet::errc::rejected);
    CHECK(refused.says("what() is null"));
  });
}

TEST_CASE("a store that fails without a text stops its engine, and not the process") {
  bool fails = false;
  recorder heard;
  {
    stet::engine e(std::make_unique<failing_store>(fails), {.threads = 0, .listener = &heard});
    e.define(Echo, [](stet::context&, std::string s) -> stet::task<std::string> { co_return s; });
    e.start();
    fails = true;
    bool failed = false;
    try {
      (void)e.start(Echo, "e", "");
    } catch (const stet::error& x) { failed = x.code() == stet::errc::store; }
    CHECK(failed);
  }
  CHECK(heard.heard(stet::event_kind::engine_stopped));
}
