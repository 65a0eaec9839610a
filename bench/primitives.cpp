// The cost of each primitive beyond the records that it writes: processor time of one operation,
// compared with as many records of inline steps.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include <stet/saga.hpp>
#include <stet/stet.hpp>

#include "bench.hpp"
#include "clocks.hpp"
#include "load.hpp"
#include "place.hpp"

namespace bench {
namespace {

constexpr std::uint32_t operations = 100;  // in one run

using body = stet::task<void> (*)(stet::context&, std::uint32_t);
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::query<int()> Sum{"sum"};
inline constexpr stet::promise<int> Answer{"answer"};
inline constexpr stet::workflow<void(std::uint32_t)> Chained{"continue_as_new"};
inline constexpr stet::workflow<void()> Child{"child of"};

auto one_step(stet::context& ctx) { return ctx.step("step", {.run_inline = true}, some_result); }

stet::task<void> child_of(stet::context&) { co_return; }
stet::task<void> steps(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await one_step(ctx);
}
stet::task<void> later_steps(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n)
    co_await ctx.step("step", {.run_inline = true},
                      [](stet::completion<std::string> done) { done.resolve(some_result()); });
}
stet::task<void> sleeps(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await ctx.sleep(std::chrono::hours(1));
}
stet::task<void> receives(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await ctx.receive(Number);
}
stet::task<void> sends(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) {
    co_await ctx.signal(ctx.id(), Number, 1);
    co_await ctx.receive(Number);
  }
}
stet::task<void> untils(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await ctx.until([] { return true; });
}
stet::task<void> answers(stet::context& ctx, std::uint32_t n) {
  std::uint32_t count = 0;
  auto telling = ctx.on(Sum, [&] { return static_cast<int>(count); });
  auto adding =
      ctx.on(Add, [&](int one) { return static_cast<int>(count += static_cast<unsigned>(one)); });
  co_await ctx.until([&] { return count == n; });
}
stet::task<void> promises(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await ctx.promise(Answer).wait();
}
stet::task<void> children(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await ctx.child(Child, std::string(ctx.id()) + "/" + std::to_string(n));
}
stet::task<void> alls(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await stet::all(one_step(ctx), one_step(ctx));
}
stet::task<void> anys(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n) co_await stet::any(one_step(ctx), ctx.sleep(std::chrono::hours(1)));
}
stet::task<void> sagas(stet::context& ctx, std::uint32_t n) {
  auto done = co_await stet::attempt(ctx.saga([&](stet::saga& s) -> stet::task<void> {
    for (auto left = n; left > 0; --left) {
      co_await s.act(one_step(ctx)).undo("undo", {.run_inline = true}, some_result);
    }
    throw std::runtime_error("all that is to be undone");
  }));
  (void)done;
}
inline constexpr stet::table<int, std::string> Entries{"entries"};
stet::task<void> transacts(stet::context& ctx, std::uint32_t n) {
  for (; n > 0; --n)
    co_await ctx.transact("put", [n](stet::transaction& tx) {
      tx.put(Entries, static_cast<int>(n), some_result());
      return some_result();
    });
}
stet::task<void> continues(stet::context& ctx, std::uint32_t n) {
  if (n > 1) co_await ctx.continue_as_new(Chained, n - 1);
}

/// The part of the host: it moves a run on from outside.
using handle = stet::run_handle<void>;
using act = void (*)(stet::engine&, shifted_clock&, const handle&);
void only_wait(stet::engine& e, shifted_clock&, const handle&) { e.run_until_idle(); }
void let_pass(stet::engine& e, shifted_clock& c, const handle&) {
  for (std::uint32_t i = 0; i < operations; ++i) {
    e.run_until_idle();
    c.ahead += std::chrono::hours(1);
  }
  e.run_until_idle();
}
void signal(stet::engine&, shifted_clock&, const handle& run) {
  for (std::uint32_t i = 0; i < operations; ++i) run.signal(Number, 1);
}
void update(stet::engine&, shifted_clock&, const handle& run) {
  for (std::uint32_t i = 0; i < operations; ++i) (void)run.update(Add, 1);
}
void query(stet::engine& e, shifted_clock&, const handle& run) {
  e.run_until_idle();
  for (std::uint32_t i = 0; i < operations; ++i) (void)run.query(Sum);
}
void resolve(stet::engine& e, shifted_clock&, const handle& run) {
  for (std::uint32_t i = 0; i < operations; ++i) {
    e.run_until_idle();
    const auto info = e.admin().describe(run.id());
    e.resolve(Answer, info->waits_for.at(0).detail, 1);
  }
}

struct primitive {
  const char* name;
  stet::workflow<void(std::uint32_t)> flow;
  body how;
  act from_outside;
};
const std::array<primitive, 14>& primitives() {
  using flow = stet::workflow<void(std::uint32_t)>;
  static const std::array<primitive, 14> all = {{
      {"step_later", flow{"step_later"}, later_steps, only_wait},
      {"sleep", flow{"sleep"}, sleeps, let_pass},
      {"receive", flow{"receive"}, receives, signal},
      {"signal", flow{"signal"}, sends, only_wait},
      {"until", flow{"until"}, untils, only_wait},
      {"query", flow{"query"}, answers, query},
      {"update", flow{"update"}, answers, update},
      {"promise", flow{"promise"}, promises, resolve},
      {"child", flow{"child"}, children, only_wait},
      {"all", flow{"all"}, alls, only_wait},
      {"any", flow{"any"}, anys, only_wait},
      {"saga", flow{"saga"}, sagas, only_wait},
      {"transact", flow{"transact"}, transacts, only_wait},
      {"continue_as_new", Chained, continues, only_wait},
  }};
  return all;
}

std::string row_of(const primitive& p) { return std::string("primitive_") + p.name; }

struct cost {
  double nanoseconds = 0;  // of all operations of a run
  std::uint64_t records = 0;
};

/// Returns the number of records of the run, with its children, or with its whole chain.
std::uint64_t records_of(stet::engine& e, const std::string& id, const char* name) {
  auto own = e.admin().describe(id).value().records;
  if (std::string_view(name) == "child")
    own += operations * e.admin().describe(id + "/1").value().records;
  if (std::string_view(name) == "continue_as_new") own *= operations;
  return own;
}

cost cost_of(stet::engine& e, shifted_clock& c, const primitive& p) {
  static int number = 0;
  auto id = std::string(p.name) + "-" + std::to_string(number++);
  auto begin = processor_time();
  auto run = e.start(p.flow, id, operations);
  p.from_outside(e, c, run);
  e.run_until_idle();
  auto end = processor_time();
  if (std::string_view(p.name) == "query") run.terminate();
  else run.result();
  return {end - begin, records_of(e, id, p.name)};
}

void measure(const job& j, const std::string& store) {
  folder where(j.set.dir);
  shifted_clock c;
  stet::engine e(open_store(store, where),
                 {.threads = 0, .commits = stet::durability::process, .clock = &c});
  const primitive step{"step", stet::workflow<void(std::uint32_t)>{"step"}, steps, only_wait};
  e.define(step.flow, step.how);
  e.define(Child, child_of);
  for (auto& p : primitives()) e.define(p.flow, p.how);
  e.start();
  for (auto& p : primitives()) {
    auto bench = row_of(p);
    if (!j.wants("primitives") && !j.wants(bench)) continue;
    std::vector<double> values, limits;
    for (int round = 0; round < (j.set.quick ? 5 : 30); ++round) {
      auto base = cost_of(e, c, step);
      auto own = cost_of(e, c, p);
      values.push_back(own.nanoseconds / operations);
      limits.push_back(base.nanoseconds / static_cast<double>(base.records) *
                       static_cast<double>(own.records) / operations);
    }
    row r{bench, store, 1, median(values), "ns"};
    if (std::string_view(p.name) != "query") r.limit = median(limits);
    j.out.add(r);
  }
}

}  // namespace

bool is_primitive(const std::string& bench) {
  auto& all = primitives();
  return std::any_of(all.begin(), all.end(), [&](auto& p) { return row_of(p) == bench; });
}

void measure_primitives(const job& j) {
  if (!j.wants("primitives") && !is_primitive(j.set.only)) return;
  for (auto& store : j.stores()) measure(j, store);
}

}  // namespace bench
