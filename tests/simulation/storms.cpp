#include "simulation/storms.hpp"

#include "crash/bodies.hpp"

namespace stet_simulation {
namespace {

using stet_crash::Number;

constexpr stet_crash::flow_name Storm{"storm"}, Calm{"calm"};
constexpr int messages_per_run = 40;
enum kind { pair, alone, restless, kinds };

stet::task<std::string> storm(stet::context& ctx, int how) {
  std::string id(ctx.id());
  auto other = how == alone ? id : id == "w0" ? std::string("w1") : std::string("w0");
  for (int n = 0; n < messages_per_run && how != restless; ++n) {
    if (n == 0 || how == alone) (void)co_await stet::attempt(ctx.signal(other, Number, n));
    (void)co_await ctx.receive(Number);
    if (how == pair) (void)co_await stet::attempt(ctx.signal(other, Number, n));
  }
  co_return co_await ctx.continue_as_new(Storm, how);
}

/// Needs a few turns, but no body on a thread.
stet::task<std::string> calm(stet::context& ctx, int count) {
  std::string id(ctx.id());
  for (int n = 0; n < count; ++n) {
    auto name = "i" + std::to_string(n);
    co_await ctx.step(name, {.run_inline = true}, stet_crash::act, id, name, n);
  }
  co_return "calm";
}

}  // namespace

std::vector<stet_crash::flow> storm_flows() { return {{Storm, storm}, {Calm, calm}}; }

void storms::act() {
  ++m_.result.kinds["storm act"];
  switch (luck_.below(4)) {
    case 0: return begin();
    case 1:
      (void)m_.close();
      m_.start();
      return;
    default: return look();
  }
}

void storms::begin() {
  auto how = luck_.below(kinds);
  m_.is_stormy = true;
  m_.ask("a storm begins, kind " + std::to_string(how), [&](stet::engine& e) {
    (void)e.start(Storm, "w0", how);
    if (how == pair) (void)e.start(Storm, "w1", how);
  });
}

/// Checks that a run next to the storm comes to its end.
void storms::look() {
  auto id = "wc" + std::to_string(++number_);
  bool is_there = m_.ask("start " + id, [&](stet::engine& e) { (void)e.start(Calm, id, 3); });
  bool is_well = m_.disk.is_well();
  m_.ask("calm in a storm", [&](stet::engine& e) {
    constexpr int turns = 60, refused_ms = 30;
    for (int i = 0; i < turns; ++i) {
      (void)e.poll();
      m_.clock.advance(i % 10 ? 0 : refused_ms);  // a refused commit is tried again
    }
    auto info = is_there && is_well ? e.admin().describe(id) : std::nullopt;
    if (info && info->closed == stet::time_point() && m_.disk.is_well())
      m_.violated("I19 a storm keeps '" + id + "' from going on");
  });
}

void storms::end() {
  if (!m_.is_stormy) return;
  for (auto* id : {"w0", "w1"})
    m_.ask(std::string("end ") + id, [&](stet::engine& e) {
      if (e.admin().describe(id)) e.terminate(id, "enough");
    });
  bool over = true;
  m_.ask("is it over", [&](stet::engine& e) {
    for (auto* id : {"w0", "w1"}) {
      auto info = e.admin().describe(id);
      over &= !info || info->closed != stet::time_point();
    }
  });
  m_.is_stormy = !over;
}

}  // namespace stet_simulation
