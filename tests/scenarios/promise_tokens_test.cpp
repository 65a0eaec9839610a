// A promise's token can't be guessed from anything else, and stays the same.
#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include <stet/copy.hpp>
#include <stet/testing.hpp>

#include "execution/token.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Ask{"ask"};
inline constexpr stet::promise<std::string> Answer{"answer"};

/// The values that a step got.
struct letters {
  std::string token, key, uuid;
  std::uint64_t chance = 0;
  std::atomic<bool> are_there = false;  // the engine's thread writes them, and the test waits
};

auto asking(letters& l) {
  return [&l](stet::context& ctx) -> stet::task<std::string> {
    auto answer = ctx.promise(Answer);
    l.uuid = ctx.uuid();
    l.chance = ctx.random();
    co_await ctx.step(
        "ask", {.run_inline = true},
        [&l](stet::step_context& s, const std::string& token) {
          l.token = token;
          l.key = s.idempotency_key();
          l.are_there = true;
        },
        answer.token());
    co_return co_await answer.wait();
  };
}

/// The seed of a run, which each of its idempotency keys shows.
struct seed {
  explicit seed(const std::string& key) {
    for (std::size_t i = 0; i < 2; ++i) half[i] = std::stoull(key.substr(i * 16, 16), nullptr, 16);
  }
  std::uint64_t half[2] = {0, 0};
};

/// The numbers of the run and of the command in a token.
std::pair<std::uint64_t, std::uint32_t> named_by(const std::string& token) {
  auto dot = token.find('.');
  return {std::stoull(token.substr(0, dot), nullptr, 16),
          static_cast<std::uint32_t>(std::stoul(token.substr(dot + 1), nullptr, 16))};
}

}  // namespace

TEST_CASE("nobody can compute a promise's token from an idempotency key") {
  everywhere([](world& w) {
    letters l;
    w.open([&](stet::engine& e) { e.define(Ask, asking(l)); });
    auto run = w.engine().start(Ask, "a");
    w.until([&] { return l.are_there.load(); });
    w.settle();
    auto [number, command] = named_by(l.token);
    auto computed =
        stet::detail::token_of(stet::detail::run_number(number),
                               stet::detail::command_number(command), seed(l.key).half, {});
    CHECK(computed != l.token);
    CHECK(what_throws([&] { w.engine().resolve(Answer, computed, "forged"); }).code ==
          stet::errc::not_found);
    for (std::size_t i = l.token.rfind('.') + 1; i < l.token.size(); ++i) {
      auto other = l.token;
      other[i] = other[i] == '0' ? '1' : '0';
      CHECK(what_throws([&] { w.engine().resolve(Answer, other, "forged"); }).code ==
            stet::errc::not_found);
    }
    CHECK(w.engine().admin().describe("a").value().waits_for.at(0).detail == l.token);
    CHECK(w.engine().resolve(Answer, l.token, "honest"));
    CHECK(w.result(run) == "honest");
    CHECK_FALSE(w.engine().resolve(Answer, l.token, "late"));
  });
}

TEST_CASE("a promise's token doesn't come from the chance that a program hands in") {
  class always_the_same final : public stet::entropy {
    std::uint64_t bits() noexcept override { return ++n_; }
    std::uint64_t n_ = 0;
  };
  letters first, second;
  for (auto* l : {&first, &second}) {
    always_the_same chance;
    stet::engine e(stet::memory::open(), {.threads = 0, .entropy = &chance});
    e.define(Ask, asking(*l));
    e.start();
    (void)e.start(Ask, "a");
    e.run_until_idle();
  }
  CHECK(first.key == second.key);
  CHECK(first.uuid == second.uuid);
  CHECK(first.chance == second.chance);
  CHECK(first.token != second.token);
}

TEST_CASE(
    "a promise's token is the same after a crash, a clean start, and in a copy of the store") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true, .resident = 0}}) {
    CAPTURE(c.name());
    letters l;
    world w(c);
    w.open([&](stet::engine& e) { e.define(Ask, asking(l)); });
    (void)w.engine().start(Ask, "a");
    w.settle();
    auto shown = [](stet::engine& e) {
      return e.admin().describe("a").value().waits_for.at(0).detail;
    };
    w.restart();
    w.settle();
    CHECK(shown(w.engine()) == l.token);
    w.close();
    auto copied = stet::memory::make_contents();
    {
      auto from = w.store();
      auto to = stet::memory::open(copied);
      stet::copy(*from, *to);
    }
    stet::engine other(stet::memory::open(copied), {.threads = 0});
    letters unused;
    other.define(Ask, asking(unused));
    other.start();
    CHECK(shown(other) == l.token);
    CHECK(other.resolve(Answer, l.token, "there"));
    other.run_until_idle();
    CHECK(other.find(Ask, "a")->result() == "there");
    w.reopen();
    CHECK(w.engine().resolve(Answer, l.token, "here"));
    CHECK(w.run(Ask, "a") == "here");
  }
}

TEST_CASE("an exported history whose steps were given a token fits, wherever it is replayed") {
  letters l;
  world w;
  w.open([&](stet::engine& e) { e.define(Ask, asking(l)); });
  (void)w.engine().start(Ask, "a");
  w.settle();
  auto exported = stet::export_history(w.engine(), "a");
  letters unused;
  auto define = [&](stet::engine& e) { e.define(Ask, asking(unused)); };
  CHECK(stet::testing::replay(define, {exported}).text().empty());
  w.close();
  auto next = w.make();
  CHECK(next->preview().stalled_runs == 0);
}

TEST_CASE("the tokens of runs from before there were secrets stay what they were") {
  // The golden stores (tests/golden) have this seed, and find their run `publish` by such a token.
  const std::uint64_t s[2] = {0x0123456789abcdef, 0xfedcba9876543210};
  CHECK(stet::detail::token_of(stet::detail::run_number(0x1a), stet::detail::command_number(3), s,
                               {}) == "1a.3.13cea118296cff393b2e1ab6766bbf06");
  CHECK(stet::detail::token_of(stet::detail::run_number(0x1a), stet::detail::command_number(3), s,
                               {1, 0}) != stet::detail::token_of(stet::detail::run_number(0x1a),
                                                                 stet::detail::command_number(3), s,
                                                                 {2, 0}));
}

TEST_CASE("an entropy that gives nothing but zeros keeps nobody waiting, and tokens are secret") {
  struct zeros final : stet::entropy {
    std::uint64_t bits() noexcept override { return 0; }
    std::uint64_t secret_bits() noexcept override { return 0; }
  } entropy;
  std::vector<std::string> tokens;
  for (int i = 0; i < 2; ++i) {
    letters l;
    stet::engine e(stet::memory::open(stet::memory::make_contents()),
                   {.threads = 0, .entropy = &entropy});
    e.define(Ask, asking(l));
    e.start();
    (void)e.start(Ask, "ask");
    e.run_until_idle();
    tokens.push_back(l.token);
  }
  CHECK(tokens[0] != tokens[1]);
}
