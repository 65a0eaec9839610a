// A start that fails has no effect: no run exists, none is terminated for it, and a start of
// several runs starts all or none.
#include <stet/check.hpp>
#include <stet/entity.hpp>

#include "tests/support/moody.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(std::string)> Listens{"listens"};
inline constexpr stet::workflow<int()> Other{"other"};
inline constexpr stet::workflow<std::size_t(std::string)> Length{"length"};
inline constexpr stet::entity<int> Account{"account"};
inline constexpr stet::update<int(int)> Pay{"pay"};
inline constexpr stet::signal<std::string> Word{"word"};
const stet::start_options terminates{.conflict = stet::id_conflict::terminate_existing};

void define_all(stet::engine& e) {
  e.define(Listens, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
    co_return s + co_await ctx.receive(Word);
  });
  e.define(Other, [](stet::context& ctx) -> stet::task<int> {
    co_await ctx.receive(Word);
    co_return 1;
  });
  e.define(Length,
           [](stet::context&, std::string s) -> stet::task<std::size_t> { co_return s.size(); });
  e.define(Account, stet::on(Pay, [](int& sum, int n) { return sum += n; }));
}
std::vector<std::pair<std::string, std::tuple<std::string>>> starts(
    std::initializer_list<const char*> ids) {
  std::vector<std::pair<std::string, std::tuple<std::string>>> all;
  for (auto* id : ids) all.emplace_back(id, std::tuple(std::string(id) + ":"));
  return all;
}

}  // namespace

TEST_CASE("a start that can't be sealed terminates nobody, alone, with a signal, or with others") {
  everywhere_by_hand([](world& w) {
    auto mood = std::make_shared<moody>();
    w.options.transforms = {mood};
    w.open(define_all);
    auto& e = w.engine();
    auto old = e.start(Listens, "c", "old ");
    w.settle();
    auto fails_at = [&](int n) {
      mood->seals = 0;
      mood->on_seal = [=](int k) {
        if (k == n) throw std::runtime_error("the key server is away");
      };
    };
    fails_at(1);
    CHECK(what_throws([&] { e.start(Listens, "c", terminates, "new "); }).code ==
          stet::errc::payload);
    for (int n : {1, 2}) {
      fails_at(n);
      CHECK(what_throws([&] {
              e.signal_with_start(Word, "w", Listens, "c", terminates, "new ");
            }).code == stet::errc::payload);
      fails_at(n);
      CHECK(what_throws([&] { e.signal_with_start(Word, "w", Listens, "free", "new "); }).code ==
            stet::errc::payload);
      CHECK(!e.admin().describe("free"));
      fails_at(n);
      CHECK(what_throws([&] { e.start_all(Listens, starts({"a", "b"})); }).code ==
            stet::errc::payload);
      CHECK(!e.admin().describe("a"));
      CHECK(!e.admin().describe("b"));
    }
    mood->on_seal = nullptr;
    w.settle();
    CHECK(old.status() == stet::status::running);
    CHECK(e.start(Listens, "c", "another ").id() == "c");
    e.signal("c", Word, "goes on");
    CHECK(w.result(old) == "old goes on");
    w.restart();
    CHECK(w.engine().admin().count() == 1);
    w.close();
    auto report = stet::check(*w.store());
    CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  });
}

TEST_CASE("a start that replaces a run begins when that has ended, alone or with a signal") {
  everywhere([](world& w) {
    w.open(define_all);
    auto& e = w.engine();
    auto old = e.start(Listens, "c", "old ");
    w.settle();
    auto second = e.start(Listens, "c", terminates, "second ");
    w.settle();
    CHECK(old.status() == stet::status::terminated);
    CHECK(second.status() == stet::status::running);
    auto third = e.signal_with_start(Word, "word", Listens, "c", terminates, "third ");
    CHECK(w.result(third) == "third word");
    CHECK(second.status() == stet::status::terminated);
    CHECK(e.admin().count() == 3);
    // A run that returns at once has got its signal all the same.
    auto at_once = e.signal_with_start(Word, "word", Length, "l", "four");
    CHECK(w.result(at_once) == 4);
  });
}

TEST_CASE("what is too long is refused before a run is started for it, or terminated") {
  everywhere([](world& w) {
    w.options.payload_bytes_max = 64 << 10;
    w.open(define_all);
    auto& e = w.engine();
    auto old = e.start(Listens, "c", "old ");
    const std::string long_word(100 << 10, 'x');
    CHECK(what_throws([&] { e.signal_with_start(Word, long_word, Listens, "s", ""); }).code ==
          stet::errc::payload);
    CHECK(what_throws([&] {
            e.signal_with_start(Word, long_word, Listens, "c", terminates, "");
          }).code == stet::errc::payload);
    auto call = [&](std::string_view id) { e.call(Account, "ann", Pay, {.id = id}, 1); };
    CHECK(what_throws([&] { call(std::string(300, 'k')); }).code == stet::errc::usage);
    CHECK(what_throws([&] { call("stet:1.2"); }).code == stet::errc::usage);
    CHECK(!e.admin().describe("s"));
    CHECK(!e.admin().describe("account/ann"));
    CHECK(old.status() == stet::status::running);
    CHECK(e.admin().count() == 1);
  });
}

TEST_CASE("of many runs that are started at once there are all, or none") {
  SUBCASE("where one of their ids is another workflow's") {
    everywhere([](world& w) {
      w.open(define_all);
      auto& e = w.engine();
      (void)e.start(Other, "taken");
      CHECK(what_throws([&] { e.start_all(Listens, starts({"a", "taken", "b"})); }).code ==
            stet::errc::conflict);
      CHECK(e.admin().count() == 1);
      CHECK(e.start_all(Listens, starts({"a", "b", "a"})).size() ==
            3);  // the same id means the same run
      CHECK(e.admin().count() == 3);
      for (auto* id : {"a", "b"}) {
        e.signal(id, Word, "x");
        CHECK(w.result(*e.find(Listens, id)) == std::string(id) + ":x");
      }
    });
  }
  SUBCASE("where the process dies, though they are longer than a block likes to be") {
    constexpr std::size_t count = 20, bytes = 2 << 20;
    std::vector<std::pair<std::string, std::tuple<std::string>>> all;
    for (std::size_t i = 0; i < count; ++i)
      all.emplace_back("r" + std::to_string(i), std::tuple(std::string(bytes, 'x')));
    CHECK(at_every_commit(
              cell{}, [](world&, stet::engine& e) { define_all(e); },
              [&](world& w) {
                auto there = w.engine().admin().count();
                CHECK((there == 0 || there == count));
                for (auto& run : w.engine().start_all(Length, all)) CHECK(w.result(run) == bytes);
              },
              [](world&, death) {}) > 0);
  }
}
