// Every call of an engine that decodes, and a codec that throws something else than a stet::error:
// the caller gets errc::payload.
#include <functional>
#include <stdexcept>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

/// Throws by its decoder as long as `mood` is set.
struct fickle {
  int number = 0;
};
std::function<void()> mood;

struct refused : std::runtime_error {
  explicit refused(int n) : std::runtime_error("refused"), number(n) {}
  int number;
};

}  // namespace

template <> struct stet::codec<fickle> {
  static void encode(stet::writer& out, const fickle& f) { out.integer(f.number); }
  static fickle decode(stet::reader& in) {
    if (mood) mood();
    return {static_cast<int>(in.integer())};
  }
};
template <> struct stet::codec<refused> {
  static void encode(stet::writer& out, const refused& e) { out.integer(e.number); }
  static refused decode(stet::reader& in) {
    if (mood) mood();
    return refused(static_cast<int>(in.integer()));
  }
};

namespace {

inline constexpr stet::workflow<fickle(int)> Give{"give"};
inline constexpr stet::query<fickle()> Look{"look"};
inline constexpr stet::update<fickle()> Take{"take"};
inline constexpr stet::signal<> Go{"go"};
inline constexpr stet::entity<int> Box{"box"};
inline constexpr stet::query<fickle()> Inside{"inside"};
inline constexpr stet::update<fickle()> Open{"open"};
inline constexpr stet::table<int, fickle> Entries{"entries"};
inline constexpr stet::error_type<refused> Refused{"refused"};

void define(stet::engine& e) {
  e.define(Refused);
  e.define(Give, [](stet::context& ctx, int n) -> stet::task<fickle> {
    auto look = ctx.on(Look, [&] { return fickle{n}; });
    auto take = ctx.on(Take, [&] { return fickle{n}; });
    co_await ctx.receive(Go);
    if (n < 0) throw refused(n);
    co_return fickle{n};
  });
  e.define(Box, stet::on(Open, [](int& n) { return fickle{++n}; }),
           stet::on(Inside, [](const int& n) { return fickle{n}; }));
}

/// Calls `f` while decoders throw, in each of several ways.
void check_payload_error(const char* call, const std::function<void()>& f) {
  const std::function<void()> moods[] = {[] { throw 42; },
                                         [] { throw std::runtime_error("no dictionary"); }};
  for (auto& m : moods) {
    CAPTURE(call);
    mood = m;
    caught what;
    try {
      what = what_throws(f);
    } catch (int) { what.text = "an int"; }
    mood = nullptr;
    CHECK_MESSAGE(what.thrown, what.text);
    CHECK_MESSAGE(what.code == stet::errc::payload, what.text);
    CHECK_MESSAGE(what.says("the codec of its type threw"), what.text);
  }
}

}  // namespace

TEST_CASE("what a codec throws comes out of every call that decodes as errc::payload") {
  world w;
  w.open(define);
  auto& e = w.engine();
  auto run = e.start(Give, "g", 7), bad = e.start(Give, "b", -7);
  w.settle();
  check_payload_error("query", [&] { (void)run.query(Look); });
  check_payload_error("query by id", [&] { (void)e.query("g", Look); });
  check_payload_error("update", [&] { (void)run.update(Take); });
  auto sent = run.start_update(Take);
  check_payload_error("update_handle::result", [&] { (void)sent.result(); });
  check_payload_error("call of an entity", [&] { (void)e.call(Box, "a", Open); });
  check_payload_error("query of an entity", [&] { (void)e.call(Box, "a", Inside); });
  check_payload_error("query of a new entity", [&] { (void)e.call(Box, "new", Inside); });
  e.transact([](stet::transaction& tx) { tx.put(Entries, 1, fickle{1}); });
  check_payload_error("transaction::get",
                      [&] { e.transact([](stet::transaction& tx) { (void)tx.get(Entries, 1); }); });
  check_payload_error("transaction::scan", [&] {
    e.transact([](stet::transaction& tx) { tx.scan(Entries, [](int, fickle) {}); });
  });
  run.signal(Go);
  bad.signal(Go);
  w.settle();
  check_payload_error("result", [&] { (void)run.result(); });
  check_payload_error("result of a declared exception", [&] { (void)bad.result(); });
  CHECK(run.result().number == 7);
}
