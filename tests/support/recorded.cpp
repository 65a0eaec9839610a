#include "recorded.hpp"

#include "journal/checkpoint.hpp"
#include "keys/keys.hpp"
#include "world.hpp"

namespace stet_tests {
namespace {

using namespace stet::detail;

inline constexpr stet::workflow<std::string(int)> Rich{"rich"};
inline constexpr stet::workflow<int(int)> Child{"child"};
inline constexpr stet::workflow<int(int)> Cleans{"cleans"};
inline constexpr stet::workflow<int(int)> Talks{"talks"};
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::promise<int> Promised{"promised"};
inline constexpr stet::update<int(int)> Twice{"twice"};

int count(stet::step_context& s, int n) {
  s.heartbeat(n);
  if (static_cast<int>(s.attempt()) < n)
    throw std::runtime_error("attempt " + std::to_string(s.attempt()));
  return n;
}

stet::task<int> child(stet::context& ctx, int n) {
  co_await ctx.sleep(n * 1min);
  if (n % 5 == 4) throw stet::permanent_error("four");
  co_return co_await ctx.step("child's", {.retry = {.max_attempts = 2}}, count, n);
}

stet::task<int> cleans(stet::context& ctx, int n) {
  bool lost = false;
  try {
    co_await stet::all(ctx.sleep(n * 1h), ctx.child(Child, std::string(ctx.id()) + "/c", n + 1000));
  } catch (const stet::cancelled&) { lost = true; }
  if (lost) co_await stet::shield(ctx.step("clean", count, 1));
  co_await ctx.sleep(1s);
  co_return n;
}

stet::task<std::string> rich(stet::context& ctx, int n) {
  auto a = co_await ctx.step("first", {.retry = {.initial_interval = 10min}}, count, n % 4);
  auto [b, c] = co_await stet::all(ctx.step("left", count, 1),
                                   stet::attempt(ctx.child(Child, "c" + std::to_string(n), n)));
  auto d = co_await stet::any(ctx.sleep((n % 3 + 1) * 1min), ctx.sleep(2min),
                              ctx.child(Child, "d" + std::to_string(n), n));
  auto e = co_await stet::with_timeout(
      1min, ctx.step("late", {.retry = {.initial_interval = 1h}}, count, n % 3));
  std::vector<int> items{1, 2, 3, 4, 5};
  auto f = co_await stet::map(items, {.concurrency = 2},
                              [](stet::context& in, int i) -> stet::task<int> {
                                co_await in.sleep(i * 1s);
                                co_return co_await in.step("item", count, 1);
                              });
  auto g = co_await stet::with_scope([&](stet::scope& s) -> stet::task<> {
    co_await stet::all(ctx.sleep(1h), [&](stet::context& in) -> stet::task<> {
      co_await in.sleep(1s);
      s.cancel("enough");
    });
  });
  if (n % 7 == 6) throw stet::permanent_error("six");
  auto h = co_await ctx.try_step("fails", {.retry = {.max_attempts = 2, .initial_interval = 1s}},
                                 count, 9);
  co_return ctx.uuid() + std::to_string(a + b + static_cast<int>(d.index() + f.size())) +
      std::to_string(c.has_value()) + std::to_string(e.has_value()) + std::to_string(g) +
      std::to_string(h.has_value());
}

std::string last_token;

/// Signals, conditions, updates, promises, messages, and a second run.
stet::task<int> talks(stet::context& ctx, int n) {
  int sum = 0;
  auto answering = ctx.on(Twice, [&](stet::context& c, int by) -> stet::task<int> {
    if (by < 0) throw std::invalid_argument("negative");
    co_await c.sleep(1s);
    co_return sum += 2 * by;
  });
  auto promised = ctx.promise(Promised);
  last_token = promised.token();
  auto refused = ctx.promise(Promised);
  auto refused_token = refused.token();
  if (ctx.patched("tell twice")) co_await ctx.step("tell nobody", {.run_inline = true}, count, 1);
  co_await ctx.step("tell", {.run_inline = true}, [&] { last_token += " " + refused_token; });
  auto early = co_await ctx.receive(Number, 1s);
  sum += early.value_or(0) + co_await ctx.receive(Number);
  co_await ctx.signal(ctx.id(), Number, 5);
  (void)co_await stet::attempt(ctx.signal("nobody", Number, 5));
  sum += co_await promised.wait();
  auto no = co_await stet::attempt(refused.wait());
  co_await ctx.until([&] { return sum > 10; });
  if (n == 0) co_return co_await ctx.continue_as_new(Talks, 1);
  co_return sum + no.has_value();
}

definition* code_of(const std::string& name) {
  static definition_of<decltype(&rich), std::string, int> r{&rich};
  static definition_of<decltype(&child), int, int> c{&child};
  static definition_of<decltype(&cleans), int, int> l{&cleans};
  static definition_of<decltype(&talks), int, int> t{&talks};
  r.compare = c.compare = l.compare = t.compare = stet::compared::arguments;
  return name == Rich.text()    ? static_cast<definition*>(&r)
         : name == Talks.text() ? static_cast<definition*>(&t)
         : name == Child.text() ? static_cast<definition*>(&c)
                                : &l;
}

void live(world& w) {
  w.open([](stet::engine& e) {
    e.define(Rich, rich);
    e.define(Child, child);
    e.define(Cleans, cleans);
    e.define(Cleans, {.version = "2"}, cleans);
    e.define(Talks, talks);
  });
  for (int n = 0; n < 8; ++n) w.engine().start(Rich, "r" + std::to_string(n), n);
  for (int n = 1; n < 5; ++n) w.engine().start(Cleans, "l" + std::to_string(n), n);
  auto talk = w.engine().start(Talks, "t", 0);
  w.settle();
  w.engine().admin().move("l4", "");
  for (int turn = 0; turn < 2; ++turn) {
    w.pass(2s);
    for (int i = 1; i < 3; ++i) talk.signal(Number, i);
    auto twice = talk.start_update(Twice, 4);
    (void)what_throws([&] { talk.update(Twice, -1); });
    w.pass(2s);
    auto space = last_token.find(' ');
    auto refused = last_token.substr(space + 1);
    w.engine().resolve(Promised, last_token.substr(0, space), 3);
    w.engine().reject(Promised, refused, "no");
    w.settle();
    if (turn == 0) w.restart();
    talk = *w.engine().find(Talks, "t");
  }
  (void)w.engine().start(Talks, "short", {.run_timeout = 1min}, 0);
  w.pass(1min);
  w.engine().cancel("l1", "enough");
  w.clock.advance(1h);
  w.engine().cancel("l2", "at the moment its timers are due");
  w.settle();
  w.restart();
  w.engine().terminate("l3", "over");
  w.engine().cancel("r5", "in the middle");
  for (int i = 0; i < 20; ++i) w.pass(1min);
  w.close();
}

}  // namespace

const std::vector<recorded_run>& recorded_runs() {
  static world w;
  static const std::vector<recorded_run> all = [] {
    live(w);
    std::vector<recorded_run> runs;
    auto s = w.store();
    std::vector<run_number> numbers;
    auto from = keys::all(keys::space::snapshot), to = keys::end_of(from);
    stet::scan(*s, {from, to}, [&](std::string_view key, std::string_view) {
      numbers.push_back(keys::last_run(key));
      return true;
    });
    for (auto run : numbers) {
      auto state = read_snapshot(*s, run);
      auto history = read_history(*s, run, state->records);
      auto* code = code_of(state->workflow);
      runs.push_back({*std::move(state), std::move(history), code});
    }
    return runs;
  }();
  return all;
}

std::vector<recorded_record> split(std::string_view history) {
  std::vector<recorded_record> all;
  for (source in(history); !in.done();) {
    auto before = in.rest();
    auto r = decode_record(in);
    all.push_back({r, before.substr(0, before.size() - in.left())});
  }
  return all;
}

}  // namespace stet_tests
