// Signals from outside, and answers to promises.
#include "engine/calls/signals.hpp"

#include "execution/token.hpp"
#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::promise<int> Answer{"answer"};

stet::task<int> promises(stet::context& ctx) {
  auto answer = ctx.promise(Answer);
  auto given = co_await stet::attempt(answer.wait());
  co_return given ? *given : -1;
}

struct fixture {
  fixture() {
    p.define("promises", &promises);
    r = p.start("a", "promises");
    p.settle();
  }
  void send(std::string_view key) {
    (void)p.calls.signals.send({0, "default", "a"}, {"s", bytes_of(1), key});
  }
  std::string token() {
    return token_of(r->state.run, command_number(1), r->state.seed, r->state.secret);
  }
  bool answer(std::string_view token, std::string_view name = "answer",
              const stet::failure* rejected = nullptr) {
    return p.calls.signals.answer_promise(name, token, bytes_of(7), rejected).value;
  }
  parts p;
  run_lease r;
};

}  // namespace

TEST_CASE("a signal is recorded, and with a key once only") {
  fixture f;
  f.send("");
  f.send("");
  f.send("k");
  f.send("k");
  CHECK(f.p.count(*f.r, record_kind::signal) == 3);
  f.p->runs.frames.evict(*f.r);  // its history has the key, too
  f.send("k");
  CHECK(f.p.count(*f.r, record_kind::signal) == 3);
  f.send("k2");
  CHECK(f.p.count(*f.r, record_kind::signal) == 4);
}

TEST_CASE("a run that has ended takes no signal, and a key has at most 200 bytes") {
  fixture f;
  f.send(std::string(200, 'k'));
  CHECK_THROWS_WITH_AS(f.send(std::string(201, 'k')), doctest::Contains("200"), stet::error);
  f.p->drive.ending.terminate(*f.r, "");
  CHECK_THROWS_WITH_AS(f.send(""), doctest::Contains("has ended"), stet::error);
}

TEST_CASE("a promise is resolved once") {
  fixture f;
  auto token = f.token();
  CHECK(f.answer(token));
  CHECK(f.r->state.status == stet::status::completed);
  CHECK(!f.answer(token));
}

TEST_CASE("a promise is rejected with what was said") {
  fixture f;
  stet::failure why{"type", "no", {}, 1};
  CHECK(f.answer(f.token(), "answer", &why));
  CHECK(f.p.count(*f.r, record_kind::promise_rejected) == 1);
  CHECK(f.r->state.status == stet::status::completed);
}

TEST_CASE("a token that was never given stands for nothing") {
  fixture f;
  auto forged = f.token();
  forged.back() = forged.back() == '0' ? '1' : '0';
  hash_key none{};
  for (const auto& token :
       {std::string(), std::string("x"), forged, f.token() + "0",
        token_of(run_number(77), command_number(1), f.r->state.seed, f.r->state.secret),
        token_of(f.r->state.run, command_number(1), f.r->state.seed, none)})
    CHECK_THROWS_WITH_AS((void)f.answer(token), doctest::Contains("stands for no promise"),
                         stet::error);
  CHECK_THROWS_WITH_AS((void)f.answer(f.token(), "other"), doctest::Contains("'answer'"),
                       stet::error);
  CHECK(f.r->state.open());
}

TEST_CASE("a token of what is no promise is answered for nobody") {
  fixture f;
  auto r = f.p.start("b");
  f.p.settle();
  CHECK(!f.answer(token_of(r->state.run, command_number(1), r->state.seed, r->state.secret)));
  CHECK(r->state.open());
}
