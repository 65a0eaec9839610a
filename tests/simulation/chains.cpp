#include "simulation/chains.hpp"

#include "crash/bodies.hpp"
#include "simulation/damage.hpp"

namespace stet_simulation {
namespace {

using stet_crash::Add;
using stet_crash::Box;
using stet_crash::brief;
using stet_crash::Number;
using ms = stet::duration;

constexpr stet_crash::flow_name Keeper{"keeper"}, Owner{"owner"}, Ward{"ward"};
constexpr std::string_view box_key = "k";
constexpr int keepers = 2, owners = 3;
constexpr int retention = 150, link = 40;  // ms
// A request is remembered as long as its chain has continued at most 8 times since, which is longer
// than the retention here.
constexpr int repeated_within = 250;
constexpr int links = 16;
constexpr int endless = 1'000;

/// Adds up the numbers that it gets, over several runs. Its argument is 16 times the sum, plus the
/// number of runs still to come.
stet::task<std::string> keep(stet::context& ctx, int n) {
  int total = n / links, left = n % links;
  auto adding = ctx.on(Add, [&](int value) { return total += value; });
  // It doesn't wait until a time of ctx.now(), which stands still after a start with a clock that
  // is too early.
  while (auto heard = co_await ctx.receive(Number, ms(link))) {
    total += *heard;
    if (left % 2) break;  // a signal ends every other run of the chain at once
  }
  co_await ctx.handlers_done();
  if (left == 0) co_return std::to_string(total);
  co_return co_await ctx.continue_as_new(Keeper, total * links + left - 1);
}

/// Continues as new `left` times; for ever if that is `endless`, until another run or the host ends
/// it.
stet::task<std::string> ward(stet::context& ctx, int left) {
  co_await ctx.sleep(ms(link));
  if (left == 0) co_return "ward";
  co_return co_await ctx.continue_as_new(Ward, left == endless ? left : left - 1);
}

/// Has a chain as its child, for longer than the child's first runs are kept.
stet::task<std::string> own(stet::context& ctx, int n) {
  auto id = std::string(ctx.id()) + "/ward";
  constexpr auto while_it_goes = ms(30 * link);
  if (n == 0) co_return co_await ctx.child(Ward, id, 24);
  if (n == 1) {
    auto first = co_await stet::any(ctx.child(Ward, id, endless), ctx.sleep(while_it_goes));
    co_await ctx.sleep(ms(link));
    co_return first.index() == 1 ? "given up" : "wrong";
  }
  auto policy = n == 2 ? stet::parent_close::request_cancel : stet::parent_close::terminate;
  auto child = ctx.start_child(Ward, id, {.parent_close = policy}, endless);
  co_await ctx.sleep(while_it_goes);
  co_return "left";
}

}  // namespace

std::vector<stet_crash::flow> chain_flows() { return {{Keeper, keep}, {Owner, own}, {Ward, ward}}; }

void retain_chains(stet::engine& e) { e.retain(brief, ms(retention)); }

bool chains::is_one(std::string_view id) {
  return id.starts_with("k") || id.starts_with("o") || id == Box.id_of(box_key);
}

void chains::act() {
  ++m_.result.kinds["chain act"];
  auto keeper = "k" + std::to_string(luck_.below(keepers));
  switch (luck_.below(8)) {
    case 0: return start_keeper();
    case 1: return start_owner();
    case 2: return put();
    case 3:
      (void)m_.close();
      m_.start();
      return;
    case 4:
    case 5: return add(keeper);
    default:
      m_.clock.advance(10 + luck_.below(2 * link));
      m_.ask("chains go on", [this](stet::engine& e) { m_.settle(e); });
  }
}

void chains::start_keeper() {
  auto id = "k" + std::to_string(luck_.below(keepers));
  if (sums_.contains(id)) return;
  sums_[id];
  m_.ask("start " + id, [&](stet::engine& e) { (void)e.in(brief).start(Keeper, id, links - 1); });
}

void chains::start_owner() {
  auto id = "o" + std::to_string(number_++ % owners);
  auto kind = luck_.below(4);
  m_.ask("start " + id + " " + std::to_string(kind), [&](stet::engine& e) {
    if (!e.in(brief).admin().describe(id + "/ward")) (void)e.in(brief).start(Owner, id, kind);
  });
}

/// Picks an update: a new one, or one whose answer is young enough to be remembered.
chains::asked* chains::pick(sum& s, std::string& id) {
  if (!s.updates.empty() && luck_.one_in(2)) {
    auto& [last_id, last] = *s.updates.rbegin();
    id = last_id;
    return &last;
  }
  id = "u" + std::to_string(100'000 + ++number_);  // the latest is the last
  auto& fresh = s.updates[id];
  fresh.value = 1 + luck_.below(9);
  s.most += fresh.value;
  return &fresh;
}

void chains::take(sum& s, asked& a, const std::string& what, int told) {
  if (!m_.disk.power) return;
  if (a.answered && a.answer != told)
    m_.violated("I3 " + what + " has two answers: " + std::to_string(a.answer) + " and " +
                std::to_string(told));
  if (!a.answered) s.least += a.value;
  a.answered = m_.clock.truth();
  a.answer = told;
  if (told < s.least || told > s.most)
    m_.violated("I4 after " + what + " the sum is " + std::to_string(told) + ", not " +
                std::to_string(s.least) + " to " + std::to_string(s.most));
}

void chains::add(const std::string& to) {
  auto known = sums_.find(to);
  if (known == sums_.end()) return;
  auto& s = known->second;
  std::string id;
  auto* a = pick(s, id);
  if (a->answered && m_.clock.truth() - a->answered > repeated_within) return;
  auto what = "the update " + id + " of '" + to + "'";
  m_.ask(what, [&](stet::engine& e) {
    auto run = e.in(brief).find(Keeper, to);
    if (!run) return;
    auto u = run->start_update(Add, {.id = id}, a->value);
    if (u.wait_for(stet::duration(0))) take(s, *a, what, u.result());
  });
}

/// Calls an entity, which continues as new when its history is long.
void chains::put() {
  std::string id;
  auto& s = sums_[std::string("box")];
  auto* a = pick(s, id);
  if (a->answered && m_.clock.truth() - a->answered > repeated_within) return;
  auto what = "the call " + id;
  m_.ask(what, [&](stet::engine& e) {
    take(s, *a, what, e.in(brief).call(Box, box_key, stet_crash::Put, {.id = id}, a->value));
  });
}

std::string chains::open(const std::string& damaged) {
  std::string all;
  m_.ask("open chains", [&](stet::engine& e) {
    for (auto& id : e.in(brief).admin().open_runs({}, 10'000))
      if (id != Box.id_of(box_key) && (damaged.empty() || family_of(id) != damaged))
        all += " " + id;
  });
  return all;
}

bool chains::is_open(const std::string& damaged) { return is_on_ && !open(damaged).empty(); }

void chains::look_back() {
  if (!is_on_) return;
  auto& s = sums_[std::string("box")];
  if (s.updates.empty()) return;
  m_.ask("the box of the chains", [&](stet::engine& e) {
    int sum = e.in(brief).call(Box, box_key, stet_crash::Look);
    if (sum < s.least || sum > s.most)
      m_.violated("I4 the box of the chains holds " + std::to_string(sum) + ", not " +
                  std::to_string(s.least) + " to " + std::to_string(s.most));
  });
}

}  // namespace stet_simulation
