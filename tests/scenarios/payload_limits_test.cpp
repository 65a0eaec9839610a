// Payloads that are too long are refused where they are made, and nothing tries them again for
// ever.
#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

constexpr std::size_t limit = 1000;

inline constexpr stet::workflow<std::string(std::string)> Echo{"echo"};
inline constexpr stet::workflow<std::string(int)> Makes{"makes"};
inline constexpr stet::workflow<int()> Hears{"hears"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::update<std::string(int)> Say{"say"};
inline constexpr stet::table<int, std::string> Notes{"notes"};

std::string text(std::size_t n) { return std::string(n, 'x'); }

struct large_error : std::runtime_error {
  large_error() : std::runtime_error("large") {}
  std::string what_else = text(2 * limit);
};

}  // namespace

template <> struct stet::codec<large_error> {
  static void encode(stet::writer& out, const large_error& e) { out.text(e.what_else); }
  static large_error decode(stet::reader& in) {
    large_error e;
    e.what_else = in.text();
    return e;
  }
};

namespace {

inline constexpr stet::error_type<large_error> Large{"large"};

/// Makes every kind of payload that a workflow can make, and returns the errors that it got.
stet::task<std::string> makes(stet::context& ctx, int n) {
  std::string said;
  auto note = [&](const char* what, const stet::error& e) {
    said += std::string(what) + " " + std::string(stet::to_string(e.code())) + "; ";
  };
  auto big = text(static_cast<std::size_t>(n));
  try {
    co_await ctx.step("takes", [](const std::string&) {}, big);
  } catch (const stet::error& e) { note("step", e); }
  try {
    co_await ctx.child(Echo, std::string(ctx.id()) + "/child", big);
  } catch (const stet::error& e) { note("child", e); }
  try {
    co_await ctx.signal("nobody", Word, big);
  } catch (const stet::error& e) { note("signal", e); }
  try {
    co_await ctx.transact("put", [&](stet::transaction& tx) { tx.put(Notes, 1, big); });
  } catch (const stet::error& e) { note("put", e); }
  co_await ctx.sleep(1h);
  co_return said;
}

void define(world& w, stet::engine& e) {
  e.define(Makes, makes);
  e.define(Large);
  e.define(Echo, [&w](stet::context& ctx, std::string s) -> stet::task<std::string> {
    if (s == "result") co_return text(2 * limit);
    if (s == "step")
      co_return co_await ctx.step("returns", [&w] {
        w.done.hit("returns");
        return text(2 * limit);
      });
    if (s == "error")
      co_await ctx.step("throws", [&w] {
        w.done.hit("throws");
        throw large_error();
      });
    if (s == "message")
      co_await ctx.step("says", {.retry = {.max_attempts = 1}},
                        [] { throw std::runtime_error(text(1u << 20)); });
    if (s == "beat")
      co_await ctx.step("beats", {.retry = {.max_attempts = 1}},
                        [](stet::step_context& c) { c.heartbeat(text(2 * limit)); });
    co_return s;
  });
  e.define(Hears, [](stet::context& ctx) -> stet::task<int> {
    auto say = ctx.on(Say, [](stet::context&, int n) -> stet::task<std::string> {
      co_return text(static_cast<std::size_t>(n));
    });
    auto word = co_await ctx.receive(Word);
    co_return static_cast<int>(word.size());
  });
}

void open(world& w) {
  w.options.payload_bytes_max = limit;
  w.open([&w](stet::engine& e) { define(w, e); });
}
void is_refused(const caught& e, std::string_view what) {
  CHECK(e.code == stet::errc::payload);
  CHECK(e.says(what));
  CHECK(e.says(std::to_string(limit)));
}

}  // namespace

TEST_CASE("what comes from outside is refused where it is given, and named [S229]") {
  everywhere([](world& w) {
    open(w);
    auto& e = w.engine();
    is_refused(what_throws([&] { e.start(Echo, "e", text(2 * limit)); }), "'echo'");
    CHECK(!e.find(Echo, "e"));
    auto hears = e.start(Hears, "h");
    w.settle();
    is_refused(what_throws([&] { hears.signal(Word, text(2 * limit)); }), "'word'");
    is_refused(what_throws([&] {
                 e.transact([](stet::transaction& tx) { tx.put(Notes, 1, text(2 * limit)); });
               }),
               "'notes'");
    auto said = what_throws([&] { hears.update(Say, 5000); });
    CHECK(said.code == stet::errc::update_failed);
    CHECK(said.says("1000"));
    CHECK(hears.update(Say, 500).size() == 500);
    hears.signal(Word, text(900));
    CHECK(w.result(hears) == 900);
  });
}

TEST_CASE("a step whose result is too long fails once, and isn't tried again [S121]") {
  everywhere([](world& w) {
    open(w);
    auto fails = [&](const char* how) {
      auto run = w.engine().start(Echo, how, how);
      w.finish();
      auto e = what_throws([&] { (void)w.result(run); });
      CHECK(e.code == stet::errc::run_failed);
      return e;
    };
    auto step = fails("step");
    CHECK(step.says("returns"));
    CHECK(step.says("1000"));
    CHECK(w.done.of("returns") == 1);
    CHECK(fails("result").says("the workflow's result"));
    auto error = fails("error");
    CHECK(error.says("large"));
    CHECK(w.done.of("throws") == 1);
    auto message = fails("message");
    CHECK(message.says("bytes)"));
    CHECK(message.text.size() < 70'000);
    CHECK(fails("beat").says("heartbeat"));
    w.restart();
    CHECK(what_throws([&] { (void)w.engine().find(Echo, "step")->result(); }).says("returns"));
  });
}

TEST_CASE(
    "what a workflow makes is held against the limit that it began with, whatever it is now "
    "[S121]") {
  everywhere([](world& w) {
    open(w);
    auto refused = w.engine().start(Makes, "refused", 2000);
    auto taken = w.engine().start(Makes, "taken", 900);
    w.settle();
    for (std::size_t now : {std::size_t{100}, std::size_t{100'000}}) {
      w.options.payload_bytes_max = now;
      w.restart();
      w.settle();
      CHECK(w.engine().admin().describe("refused").value().status == stet::status::running);
      CHECK(w.engine().admin().describe("taken").value().status == stet::status::running);
    }
    auto all = w.result(*w.engine().find(Makes, "refused"));
    CHECK(all == "step payload; child payload; signal payload; put step_failed; ");
    CHECK(w.result(*w.engine().find(Makes, "taken")) == "signal not_found; ");
  });
}

TEST_CASE("a limit is 4 MiB by default, and at most 64") {
  CHECK(stet::engine_options{}.payload_bytes_max == 4u << 20);
  auto e = what_throws(
      [] { stet::engine{stet::memory::open(), {.payload_bytes_max = (64u << 20) + 1}}; });
  CHECK(e.code == stet::errc::usage);
}

// ---------------------------------------------------------------- names and reasons

namespace {

inline constexpr stet::workflow<std::string(int)> Names{"names"};

/// Uses names and reasons of this many bytes. Returns the errors that it got.
stet::task<std::string> names(stet::context& ctx, int n) {
  std::string said;
  auto note = [&](const char* what, const stet::error& e) {
    said += std::string(what) + " " + std::string(stet::to_string(e.code())) + "; ";
  };
  auto big = text(static_cast<std::size_t>(n));
  try {
    co_await ctx.step(big, [] { return 1; });
  } catch (const stet::error& e) { note("step", e); }
  try {
    co_await ctx.child(Echo, big, "x");
  } catch (const stet::error& e) { note("child", e); }
  try {
    co_await ctx.signal(big, Word, "x");
  } catch (const stet::error& e) { note("signal", e); }
  try {
    co_await ctx.cancel("nobody", big);
  } catch (const stet::error& e) { note("cancel", e); }
  co_await ctx.sleep(1h);
  co_return said;
}

}  // namespace

TEST_CASE("names, ids and reasons that a workflow makes too long are refused, also in a replay") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Names, names);
      e.define(Echo, [](stet::context&, std::string s) -> stet::task<std::string> { co_return s; });
    });
    auto run = w.engine().start(Names, "n", 100'000);
    w.settle();
    for (auto& entry : w.engine().admin().history("n")) {
      CHECK(entry.name.size() < 1000);
      CHECK(entry.detail.size() < 1000);
    }
    w.restart();
    CHECK(w.result(*w.engine().find(Names, "n")) ==
          "step usage; child usage; signal usage; cancel usage; ");
  });
}

TEST_CASE("a reason that is too long is refused where it is given, and nothing is recorded") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Hears, [](stet::context& ctx) -> stet::task<int> {
        co_await ctx.receive(Word);
        co_return 1;
      });
    });
    auto run = w.engine().start(Hears, "h");
    w.settle();
    auto records = w.engine().admin().describe("h").value().records;
    auto cancelled = what_throws([&] { run.cancel(text(100'000)); });
    CHECK(cancelled.code == stet::errc::usage);
    CHECK(cancelled.says("100000 bytes"));
    CHECK(cancelled.says("20480"));
    CHECK(what_throws([&] { run.terminate(text(100'000)); }).code == stet::errc::usage);
    w.settle();
    CHECK(w.engine().admin().describe("h").value().records == records);
    run.cancel(text(20'000));
    w.finish();
    CHECK(run.status() == stet::status::cancelled);
  });
}
