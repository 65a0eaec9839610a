// Promises: an answer that any program may give, once.
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::promise<std::string> Answer{"answer"};
inline constexpr stet::promise<std::string> Other{"other"};
inline constexpr stet::promise<> Done{"done"};

/// A step puts the token here, as into an e-mail.
struct mailbox {
  std::mutex mutex;
  std::string token;
  void put(const std::string& t) {
    std::lock_guard lock(mutex);
    token = t;
  }
  std::string get() {
    std::lock_guard lock(mutex);
    return token;
  }
};

void define_asking(stet::engine& e, mailbox& box) {
  e.define(Text, [&box](stet::context& ctx) -> stet::task<std::string> {
    auto answer = ctx.promise(Answer);
    auto token = answer.token();
    co_await ctx.step("ask", [&box, token] { box.put(token); });
    auto given = co_await stet::attempt(answer.wait());
    if (given) co_return *given;
    co_return "rejected: " + given.failed_as<stet::promise_rejected>()->message();
  });
}

}  // namespace

TEST_CASE("a promise is resolved by its token, once, from outside") {
  everywhere([](world& w) {
    mailbox box;
    w.open([&](stet::engine& e) { define_asking(e, box); });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return !box.get().empty(); });
    w.settle();
    w.restart();
    auto token = box.get();
    CHECK(w.engine().resolve(Answer, token, "yes"));
    CHECK_FALSE(w.engine().resolve(Answer, token, "no"));
    CHECK_FALSE(w.engine().reject(Answer, token, "no"));
    CHECK(w.result(*w.engine().find(Text, "t")) == "yes");
    CHECK_FALSE(w.engine().resolve(Answer, token, "late"));
  });
}

TEST_CASE("a promise is rejected with a reason") {
  everywhere([](world& w) {
    mailbox box;
    w.open([&](stet::engine& e) { define_asking(e, box); });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return !box.get().empty(); });
    CHECK(w.engine().reject(Answer, box.get(), "not today"));
    CHECK(w.result(run) == "rejected: not today");
  });
}

TEST_CASE("a token that no run gave, or that stands for another promise, is refused") {
  everywhere_by_hand([](world& w) {
    mailbox box;
    w.open([&](stet::engine& e) { define_asking(e, box); });
    auto run = w.engine().start(Text, "t");
    w.settle();
    auto token = box.get();
    REQUIRE(token.size() > 34);
    CHECK(token.size() <= 80);
    CHECK(what_throws([&] { w.engine().resolve(Other, token, "x"); }).code == stet::errc::usage);
    auto changed = token;
    changed.back() = changed.back() == '0' ? '1' : '0';
    std::vector<std::string> wrong{"",    "x",         "1.1",           "1.1.",
                                   "0.0", token + "0", changed,         "ffffffffffffffff.1.00",
                                   ".",   "1",         token.substr(1), std::string(10000, '1')};
    for (auto& t : wrong) {
      CAPTURE(t);
      CHECK(what_throws([&] { w.engine().resolve(Answer, t, "x"); }).code == stet::errc::not_found);
    }
    CHECK(w.engine().admin().describe("t").value().waits_for.at(0).detail == token);
    CHECK(w.engine().resolve(Answer, token, "still good"));
    CHECK(w.result(run) == "still good");
  });
}

TEST_CASE("a promise may be answered before anybody waits, waited for twice, or given up") {
  everywhere([](world& w) {
    mailbox box;
    w.open([&](stet::engine& e) {
      e.define(Text, [&box](stet::context& ctx) -> stet::task<std::string> {
        auto answer = ctx.promise(Answer);
        auto done = ctx.promise(Done);
        auto token = answer.token() + " " + done.token();
        co_await ctx.step("ask", [&box, token] { box.put(token); });
        bool in_time = co_await done.wait(1h);
        auto none = co_await answer.wait(1min);
        co_await ctx.sleep(1h);
        auto first = co_await answer.wait();
        auto second = co_await answer.wait(0ms);
        bool was_done = co_await done.wait(1min);
        co_return first + *second + (none ? "!" : "-") + (in_time ? "!" : "-") +
            (was_done ? "!" : "-");
      });
    });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return !box.get().empty(); });
    w.settle();
    w.pass(1h);
    w.pass(2min);
    auto tokens = box.get();
    auto space = tokens.find(' ');
    w.restart();
    CHECK(w.engine().resolve(Answer, tokens.substr(0, space), "a"));
    CHECK(w.result(*w.engine().find(Text, "t")) == "aa---");
    CHECK_FALSE(w.engine().resolve(Done, tokens.substr(space + 1)));
  });
}

TEST_CASE("a promise survives a crash at every commit, and its token is good after each") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    mailbox box;
    at_every_commit(
        c, [&](world&, stet::engine& e) { define_asking(e, box); },
        [&](world& w) {
          auto run = w.engine().start(Text, "t");
          w.settle();
          if (!box.get().empty()) {
            try {
              w.engine().resolve(Answer, box.get(), "yes");
            } catch (const stet::error& e) {
              if (e.code() != stet::errc::not_found) throw;  // the token is from the world before
            }
          }
          auto text = w.result(run);
          CHECK(text == "yes");
        },
        [&](world& w, death) {
          CHECK(w.heard.problems().size() <= 1);
          box.put("");
        });
  }
}
