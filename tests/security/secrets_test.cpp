// The content of payloads stays in them: no error, problem or reason has a byte of it (I20).
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

const std::string secret = "MARKER-5e0f-of-a-card-number";

inline constexpr stet::workflow<std::string(std::string)> Pay{"pay"};
inline constexpr stet::workflow<int(int)> PayAsNumber{"pay"};
inline constexpr stet::signal<std::string> Card{"card"};
inline constexpr stet::signal<int> CardAsNumber{"card"};
inline constexpr stet::update<std::string(std::string)> Add{"add"};

/// Everything that was reported while `act` went on: its exception, and the listener's texts.
class said {
 public:
  template <class F> void note(F&& act) {
    auto c = what_throws(std::forward<F>(act));
    if (c.thrown) all_.push_back(c.text);
  }
  void note_world(world& w) {
    for (auto& p : w.heard.problems()) all_.push_back(p);
    for (auto& l : w.heard.logs()) all_.push_back(l);
    for (auto& r : w.engine().admin().list("").runs) all_.push_back(r.reason);
  }
  void check_secret() const {
    for (auto& text : all_) CHECK_MESSAGE(text.find("MARKER") == text.npos, text);
  }
  std::size_t size() const { return all_.size(); }

 private:
  std::vector<std::string> all_;
};

stet::task<std::string> pay(stet::context& ctx, std::string card) {
  co_await ctx.step("charge", [](const std::string&) { return std::string(secret); }, card);
  auto more = co_await ctx.receive(Card);
  co_return card + more;
}

}  // namespace

TEST_CASE(
    "no error shows what a payload holds, when code has other types than the history [S227]") {
  everywhere_by_hand([](world& w) {
    said all;
    w.open([](stet::engine& e) { e.define(Pay, pay); });
    auto run = w.engine().start(Pay, "p", secret);
    w.settle();
    w.crash();
    w.open([](stet::engine& e) {
      e.define(PayAsNumber, [](stet::context& ctx, int n) -> stet::task<int> {
        co_return co_await ctx.step("charge", [](int m) { return m; }, n);
      });
    });
    w.settle();
    all.note_world(w);
    all.note([&] { (void)w.engine().start(PayAsNumber, "p", 1).wait_for(0ms); });
    all.note([&] { w.engine().find(PayAsNumber, "p")->signal(CardAsNumber, 7); });
    w.settle();
    all.note_world(w);
    all.check_secret();
    CHECK(all.size() > 0);
    CHECK(w.heard.problems().size() > 0);
  });
}

TEST_CASE("no error shows what a payload holds, when code came to something else [S227]") {
  // First a result, then arguments, then a signal differs, and the difference is reported.
  for (int change = 0; change < 3; ++change) {
    CAPTURE(change);
    everywhere_by_hand([change](world& w) {
      said all;
      bool second = false;
      auto define = [&second, change](stet::engine& e) {
        e.define(
            Pay,
            [&second, change](stet::context& ctx, std::string card) -> stet::task<std::string> {
              std::string argument = second && change == 0 ? card + "2" : card;
              co_await ctx.step(
                  "charge", [](const std::string&) { return std::string(secret); }, argument);
              if (second && change == 1) co_return secret + "early";
              auto more = co_await ctx.receive(Card);
              co_await ctx.sleep(1h);
              co_return card + more + (second && change == 2 ? "2" : "");
            });
      };
      w.open(define);
      auto run = w.engine().start(Pay, "p", secret);
      w.settle();
      run.signal(Card, secret);
      w.settle();
      second = true;
      w.crash();
      w.open(define);
      w.finish();
      all.note_world(w);
      all.note([&] { (void)w.engine().find(Pay, "p")->result(); });
      all.check_secret();
    });
  }
}

TEST_CASE(
    "no error shows what a payload holds, when the store fails or a payload is refused [S227]") {
  everywhere_by_hand([](world& w) {
    said all;
    w.open([](stet::engine& e) {
      e.define(Pay, [](stet::context& ctx, std::string card) -> stet::task<std::string> {
        auto adding = ctx.on(Add, [](const std::string& item) -> std::string {
          throw std::runtime_error("no " + std::to_string(item.size()));
        });
        co_await ctx.step(
            "charge", {.retry = {.max_attempts = 1}},
            [](const std::string& c) {
              if (!c.empty()) throw stet::permanent_error("declined");
            },
            card);
        co_return card;
      });
    });
    all.note([&] { (void)w.run(Pay, "p", secret); });
    all.note([&] { (void)w.engine().start(Pay, std::string(300, 'x'), secret); });
    all.note([&] { (void)w.engine().start(Pay, "big", secret + std::string(8u << 20, 'x')); });
    all.note([&] {
      std::string bytes;
      stet::encode(bytes, secret);
      (void)stet::decode<int>(bytes);
    });
    all.note([&] { w.engine().find(Pay, "p")->signal(Card, secret); });
    w.settle();
    all.note_world(w);
    w.plan->fail_next(store_call::commit, fault::refused, 1);
    all.note([&] { (void)w.engine().start(Pay, "q", secret); });
    all.note([&] { w.settle(); });
    for (auto& p : w.heard.problems()) CHECK_MESSAGE(p.find("MARKER") == p.npos, p);
    all.check_secret();
    CHECK(all.size() >= 4);
  });
}
