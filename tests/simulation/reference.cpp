#include "simulation/reference.hpp"

#include <algorithm>

namespace stet_simulation {
namespace {

constexpr std::size_t values_max = 400;

void add(outcomes& to, const outcomes& from, int more = 0) {
  for (int v : from.values) to.values.insert(v + more);
  to.fails |= from.fails;
  to.anything |= from.anything;
}

/// All sums of a value of the one and a value of the other.
outcomes sum(const outcomes& a, const outcomes& b) {
  outcomes r;
  r.fails = a.fails || b.fails;
  r.anything = a.anything || b.anything || a.values.size() * b.values.size() > values_max;
  if (r.anything) return r;
  for (int x : a.values)
    for (int y : b.values) r.values.insert(x + y);
  return r;
}

bool is_sleep(const node& n) { return n.what == op::sleep; }

/// Whether a kid can't be the first to end, because there is a shorter sleep next to it. (A sleep
/// of 0 ms may be over at once.)
bool is_late(const node& n, const node& kid) {
  return is_sleep(kid) && std::any_of(n.kids.begin(), n.kids.end(),
                                      [&](auto& k) { return is_sleep(k) && k.n < kid.n; });
}

outcomes first_of(const std::vector<program>& all, const node& n) {
  outcomes r;
  for (std::size_t i = 0; i < n.kids.size(); ++i)
    if (!is_late(n, n.kids[i]))
      add(r, outcomes_of(all, n.kids[i]), 1000 * (static_cast<int>(i) + 1));
  return r;
}

/// A time-out, or a scope that is cancelled after some time.
outcomes limited(const std::vector<program>& all, const node& n) {
  auto& kid = n.kids[0];
  outcomes r;
  bool in_time = is_sleep(kid) && kid.n < n.n, late = is_sleep(kid) && kid.n > n.n;
  if (!late) add(r, outcomes_of(all, kid));
  if (!in_time) r.values.insert(100 * n.id);
  return r;
}

outcomes summed(const std::vector<program>& all, const node& n) {
  outcomes r{{0}};
  for (auto& k : n.kids) r = sum(r, outcomes_of(all, k));
  return r;
}

/// Finds the fates of the runs that a run starts.
class starter {
 public:
  starter(const std::vector<program>& all, std::map<std::string, ending>& to)
      : all_(all), to_(to) {}

  void visit(const node& n, const std::string& id, int continued, fate f, bool is_cut) {
    if (n.what == op::child || n.what == op::launch) {
      auto child = id + "/" + std::to_string(continued) + "c" + std::to_string(n.id);
      fate its{f.cancelled || is_cut, f.terminated};
      // If the run doesn't wait for it, its policy says what the parent's end does to it.
      if (n.what == op::launch) its = {n.id % 3 == 1, n.id % 3 == 0};
      add_endings(all_, n.n, child, its, to_);
    }
    bool one_fails = false;
    for (auto& k : n.kids) one_fails |= outcomes_of(all_, k).fails;
    bool cuts = n.what == op::any || n.what == op::timeout || n.what == op::scope ||
                (n.what == op::all && one_fails);
    for (auto& k : n.kids) visit(k, id, continued, f, is_cut || cuts);
  }

 private:
  const std::vector<program>& all_;
  std::map<std::string, ending>& to_;
};

/// Calls f(node, whether a completed run must have done it).
template <class F> void each(const node& n, bool must, F f) {
  f(n, must);
  bool keeps =
      n.what == op::sequence || n.what == op::all || n.what == op::shield || n.what == op::saga;
  for (auto& k : n.kids) each(k, must && keeps, f);
}

}  // namespace

outcomes outcomes_of(const std::vector<program>& all, const node& n) {
  switch (n.what) {
    case op::step: return {{n.id}, is_once(n)};
    case op::inline_step:
    case op::transact: return {{n.id}};
    case op::hopeless: return {{}, true};
    case op::promise: return n.n == 0 ? outcomes{{n.id}} : outcomes{{0, n.id}};
    case op::sleep:
    case op::receive:
    case op::launch:
    case op::call:
    case op::tell: return {{0}};
    case op::child: return outcomes_of(all, all.at(static_cast<std::size_t>(n.n)).root);
    case op::any: return first_of(all, n);
    case op::timeout:
    case op::scope: return limited(all, n);
    case op::saga: {
      auto r = summed(all, n);
      if (n.n) r = {{}, true};
      return r;
    }
    case op::attempt: {
      auto r = outcomes_of(all, n.kids[0]);
      if (r.fails) r.values.insert(10 * n.id);
      r.fails = false;
      return r;
    }
    case op::sequence:
    case op::all:
    case op::shield: return summed(all, n);
  }
  return {};
}

bool ending::allows(const std::string& text) const {
  return texts.contains(text) || (any_value && !text.starts_with("!"));
}

void add_endings(const std::vector<program>& all, int index, const std::string& id, fate f,
                 std::map<std::string, ending>& to) {
  auto& p = all.at(static_cast<std::size_t>(index));
  auto possible = outcomes_of(all, p.root);
  auto& e = to[id];
  e.program = index;
  e.any_value |= possible.anything;
  for (int v : possible.values) e.texts.insert(std::to_string(v));
  if (possible.fails) e.texts.insert("!failed");
  if (f.cancelled) e.texts.insert("!cancelled");
  if (f.terminated) e.texts.insert("!terminated");
  bool is_first = id.find('/') == std::string::npos;  // children don't continue as new
  for (int c = is_first ? p.generations - 1 : 0; c >= 0; --c)
    starter(all, to).visit(p.root, id, c, f, false);
}

std::map<int, range> calls_of(const program& p) {
  std::map<int, range> r;
  each(p.root, true, [&](const node& n, bool must) {
    if (n.what != op::call) return;
    r[n.n].least += must;
    ++r[n.n].most;
  });
  return r;
}

}  // namespace stet_simulation
