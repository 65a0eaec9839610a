#include "simulation/program.hpp"

namespace stet_simulation {
namespace {

constexpr const char* names[ops] = {"sequence", "step",    "hopeless", "inline", "transact",
                                    "sleep",    "receive", "child",    "launch", "all",
                                    "any",      "timeout", "scope",    "shield", "saga",
                                    "attempt",  "promise", "call",     "tell"};

/// Makes one program, with a limited number of nodes.
class maker {
 public:
  maker(dice& d, int index, int count) : d_(d), index_(index), count_(count) {}

  node sequence(int length, int depth) {
    node s{op::sequence, next_++, 0, {}};
    for (int i = 0; i < length; ++i) s.kids.push_back(one(depth));
    return s;
  }
  bool has_kids = false;

 private:
  node one(int depth) {
    auto o = static_cast<op>(1 + d_.below(ops - 1));
    bool starts = o == op::child || o == op::launch;
    if (starts && (index_ + 1 == count_ || children_ == 2)) o = op::step;
    bool is_pair = o == op::all || o == op::any;
    bool is_frame = is_pair || o == op::timeout || o == op::scope || o == op::shield ||
                    o == op::saga || o == op::attempt;
    if (is_frame && (depth == 0 || next_ > nodes_max)) o = op::transact;
    if (o == op::hopeless && !d_.one_in(3)) o = op::step;
    node n{o, next_++, given(o), {}};
    if (o != op::transact && is_frame) {
      int kids = is_pair || o == op::saga ? 2 + d_.below(2) : 1;
      for (int i = 0; i < kids; ++i)
        n.kids.push_back(d_.one_in(3) ? sequence(2, depth - 1) : one(depth - 1));
    }
    return n;
  }
  int given(op o) {
    switch (o) {
      case op::step: return d_.one_in(3) ? 1 + d_.below(2) : 0;
      case op::hopeless: return 1 + d_.below(2);
      case op::sleep: return times[d_.below(5)];
      case op::receive:
      case op::promise: return d_.one_in(2) ? 0 : times[1 + d_.below(4)];
      case op::timeout:
      case op::scope: return times[1 + d_.below(4)];
      case op::saga: return d_.below(2);
      case op::call: return d_.below(boxes);
      case op::tell: return d_.below(3);
      case op::child:
      case op::launch:
        ++children_;
        has_kids = true;
        return index_ + 1 + d_.below(count_ - index_ - 1);
      default: return 0;
    }
  }

  static constexpr int nodes_max = 14;
  static constexpr int times[] = {0, 20, 150, 1'000, 60'000};
  dice& d_;
  int index_, count_, next_ = 1, children_ = 0;
};

}  // namespace

const char* name_of(op o) { return names[static_cast<int>(o)]; }

std::vector<program> make_programs(dice& d, int count) {
  std::vector<program> all;
  for (int i = 0; i < count; ++i) {
    maker m(d, i, count);
    program p;
    p.root = m.sequence(1 + d.below(5), 2);
    p.has_kids = m.has_kids;
    p.generations = d.one_in(5) ? 2 : 1;
    all.push_back(std::move(p));
  }
  return all;
}

std::string to_text(const node& n) {
  auto text = std::string(name_of(n.what)) + "#" + std::to_string(n.id);
  if (n.n) text += ":" + std::to_string(n.n);
  if (n.kids.empty()) return text;
  text += "(";
  for (auto& k : n.kids) text += (&k == &n.kids.front() ? "" : " ") + to_text(k);
  return text + ")";
}

}  // namespace stet_simulation
