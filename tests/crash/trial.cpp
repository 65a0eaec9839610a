#include "crash/trial.hpp"

#include <signal.h>

#include <filesystem>

#include <stet/check.hpp>

#include "crash/bodies.hpp"

namespace stet_crash {
namespace {

place make_place(const std::string& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return {folder + "/store.stet", folder + "/facts", stet::memory::make_contents()};
}

/// Reads the store, and adds the problems that the public stet::check finds in it.
dump dump_of(const config& c, const place& p, violations& v) {
  auto s = open_copy(c, p);
  auto d = read_dump(*s);
  if (!d.runs.empty())  // otherwise it may have died before its first commit
    for (auto& problem : stet::check(*s).problems) v.push_back("check: " + problem);
  return d;
}

void tell_end(life_end end, int life, const std::vector<fact>& facts, violations& v) {
  if (end == life_end::finished || end == life_end::killed) return;
  std::string text = end == life_end::stuck ? "I18 life " : "I17 life ";
  text += std::to_string(life) + (end == life_end::stuck ? " got stuck" : " broke");
  for (auto& f : facts)
    if (f.kind == fact_kind::problem && f.life == life) text += "; " + f.fields.at(0);
  v.push_back(std::move(text));
}

/// Checks the store after each life.
class inspector {
 public:
  inspector(const trial& t, const place& p, trial_result& r) : trial_(t), place_(p), result_(r) {}

  void after(int life, life_end end) {
    auto& v = result_.violated;
    auto d = dump_of(*trial_.how, place_, v);
    result_.facts = read_facts(place_.facts);
    tell_end(end, life, result_.facts, v);
    crashes_ += end == life_end::killed;
    check_state(d, *trial_.what, v);
    check_dues(d, v);
    check_acknowledged(d, result_.facts, v);
    check_effects(d, result_.facts, crashes_, v);
    if (end != life_end::killed) check_replay(d, v);  // others were prefixes of these
    for (auto& [before, was] : dumps_) {
      check_growth(was, d, v);
      check_settled(was, before, result_.facts, v);
    }
    if (end == life_end::finished) check_clean(d, v);
    if (end == life_end::finished && !ends_early(*trial_.what, life)) {
      check_orphans(d, v);
      check_endings(d, *trial_.what, v);
    }
    dumps_.emplace_back(life, std::move(d));
  }

 private:
  const trial& trial_;
  const place& place_;
  trial_result& result_;
  unsigned crashes_ = 0;
  std::vector<std::pair<int, dump>> dumps_;
};

void gather(trial_result& r, const script& s) {
  for (auto& f : r.facts) {
    if (f.kind == fact_kind::killed)
      r.points.push_back(s.name + ": " + f.fields.at(0) + " " + f.fields.at(1));
    if (f.kind == fact_kind::hits && f.life == 0)
      r.hits = static_cast<unsigned>(std::stoul(f.fields.at(0)));
  }
}

}  // namespace

std::string trial::flags() const {
  auto text = "--script '" + what->name + "' --config " + how->name + " --at " + std::to_string(at);
  if (second) text += " --second " + std::to_string(second);
  return again ? text + " --again" : text;
}

trial_result run_trial(const trial& t, const std::string& folder) {
  trial_result r;
  auto p = make_place(folder);
  inspector look(t, p, r);
  int life = 0;
  auto perform_it = [&](stet::engine& e) { perform(*t.what, e, life); };
  auto end = live(*t.how, p, life, t.at, perform_it);
  look.after(life, end);
  if (end == life_end::killed && t.second) {
    end = live(*t.how, p, ++life, t.second, perform_it);
    look.after(life, end);
  }
  if (end == life_end::killed || (end == life_end::finished && ends_early(*t.what, life))) {
    end = live(*t.how, p, ++life, 0, perform_it);
    look.after(life, end);
  }
  if (end == life_end::finished && t.again) {
    ++life;
    look.after(life, live(*t.how, p, life, 0, perform_it));
    for (auto& f : r.facts)
      if (f.kind == fact_kind::effect && f.life == life)
        r.violated.push_back("I5 step '" + f.fields.at(1) + "' ran when all was over");
  }
  close_facts();
  gather(r, *t.what);
  return r;
}

}  // namespace stet_crash
