// A body that kills the process whenever it runs, and other runs that merely happen to be there.
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "crash/bodies.hpp"
#include "crash/trial.hpp"

namespace stet_crash {
namespace {

constexpr int lives_max = 12;

script poison_script() {
  script s;
  s.name = "poison";
  s.starts = {{"poison", "bad", 0}, {"chain", "c", 6}, {"fan", "f", 8}, {"race tasks", "r", 3}};
  s.runs = {{"bad", {"crashed"}}, {"c", {"21"}}, {"f", {"8"}}, {"r", {"sleep"}}};
  return s;
}

}  // namespace

violations run_poison(const config& c, const std::string& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  place p{folder + "/store.stet", folder + "/facts", nullptr};
  auto s = poison_script();
  violations v;
  auto end = life_end::killed;
  int life = 0;
  for (; end == life_end::killed && life < lives_max; ++life)
    end = live(c, p, life, 0, [&](stet::engine& e) { perform(s, e); });
  auto facts = read_facts(p.facts);
  auto deaths = static_cast<unsigned>(life - 1);
  if (end != life_end::finished) {
    v.push_back("I18 life " + std::to_string(life) + " ended badly, after so many deaths");
    for (auto& f : facts)
      if (f.kind == fact_kind::problem) v.back() += "; " + f.fields.at(0);
  }
  auto tries = std::count_if(facts.begin(), facts.end(), [](const fact& f) {
    return f.kind == fact_kind::effect && f.fields.at(1) == "poison";
  });
  // At most two deaths before it is tried alone, then the three of max_crashes.
  if (tries < 3 || tries > 5)
    v.push_back("promise 6: the step that kills was tried " + std::to_string(tries) + " times");
  auto store = open_copy(c, p);
  auto d = read_dump(*store);
  check_state(d, s, v);
  check_acknowledged(d, facts, v);
  check_effects(d, facts, deaths, v);
  check_replay(d, v);
  if (end == life_end::finished) check_clean(d, v);
  if (end == life_end::finished) check_endings(d, s, v);
  close_facts();
  return v;
}

violations run_fatal_code(const config& c, const std::string& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  place p{folder + "/store.stet", folder + "/facts", nullptr};
  script s;
  s.starts = {{"kills", "bad", 0}, {"chain", "c", 3}};
  s.runs = {{"c", {"6"}}, {"bad", {"!stalled"}}};  // their ends are awaited in this order
  auto end = life_end::killed;
  int life = 0;
  for (; end == life_end::killed && life < lives_max; ++life)
    end = live(c, p, life, 0, [&](stet::engine& e) { perform(s, e); });
  close_facts();
  if (end == life_end::finished) return {};
  return {"promise 6: after " + std::to_string(life) +
          " lives the code that kills them has not been stalled"};
}

}  // namespace stet_crash
