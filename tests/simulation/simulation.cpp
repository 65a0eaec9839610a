#include "simulation/simulation.hpp"

#include <stet/check.hpp>

#include "base/hooks.hpp"
#include "crash/checks.hpp"
#include "simulation/damage.hpp"
#include "simulation/host.hpp"

namespace stet_simulation {
namespace {

/// Compares the disk of a machine that is off with the contents that it may have.
class inspector {
 public:
  inspector(machine& m, host& h) : m_(m), host_(h) {}

  void look(bool is_clean) {
    auto endings = allowed();
    stet_crash::violations v;
    sim_disk copy = m_.disk;
    copy.next_commit = commit_fault::none;
    copy.reads_until = -1;
    dice unused(0);
    sim_store store(copy, unused);
    auto d = stet_crash::read_dump(store);
    if (!d.runs.empty())
      for (auto& problem : stet::check(store).problems) v.push_back("check: " + problem);
    stet_crash::script s;
    for (auto& [id, e] : endings) s.runs.push_back({id, {}});
    for (int b = 0; b < boxes; ++b)
      s.runs.push_back({stet_crash::Box.id_of("b" + std::to_string(b)), {}});
    for (auto& id : extras::ids()) s.runs.push_back({id, {}});
    for (auto& [run, r] : d.runs)
      if (lasts::is_one(r.state.id) || chains::is_one(r.state.id) || storms::is_one(r.state.id))
        s.runs.push_back({r.state.id, {}});
    check_state(d, s, v);
    if (is_clean) check_clean(d, v);
    check_dues(d, v);
    if (is_clean) check_orphans(d, v);
    if (is_clean) check_replay(d, v);
    // Runs that may be erased aren't compared with earlier states.
    std::erase_if(d.runs, [](auto& r) {
      auto& id = r.second.state.id;
      return extras::is_one(id) || chains::is_one(id);
    });
    check_acknowledged(d, here().facts, v);
    check_effects(d, here().facts, m_.result.crashes, v);
    if (before_) {
      check_growth(*before_, d, v);
      check_settled(*before_, before_life_, here().facts, v);
    }
    check_ends(d, endings, v);
    for (auto& text : v) m_.violated(text);
    for (auto& text : std::exchange(here().wrong, {})) m_.violated(text);
    before_life_ = here().life - 1;
    before_ = std::make_unique<stet_crash::dump>(std::move(d));
  }

 private:
  std::map<std::string, ending> allowed() const {
    std::map<std::string, ending> all;
    for (auto& [id, r] : host_.runs()) add_endings(here().programs, r.program, id, r.met, all);
    return all;
  }
  static void check_ends(const stet_crash::dump& d, const std::map<std::string, ending>& endings,
                         stet_crash::violations& v) {
    for (auto& [number, r] : d.runs) {
      auto may = endings.find(r.state.id);
      if (may == endings.end() || r.state.open()) continue;
      if (r.state.status == stet::status::continued_as_new) continue;
      auto text = stet_crash::text_of(r.state.status, r.state.outcome, {});
      if (!may->second.allows(text))
        v.push_back("the reference doesn't know '" + r.state.id + "' to end with " + text);
    }
  }

  machine& m_;
  host& host_;
  std::unique_ptr<stet_crash::dump> before_;
  int before_life_ = 0;  // the life that left it
};

void count_kinds(const node& n, std::map<std::string, unsigned>& kinds) {
  ++kinds[name_of(n.what)];
  for (auto& k : n.kids) count_kinds(k, kinds);
}

/// Damages one run, then brings all runs but those of its family to their end, in this life and in
/// the next.
void finish_beside_damage(machine& m, host& h) {
  m.heal();
  (void)m.close();
  auto damaged = damage(m.disk, m.disk_luck);
  m.note("damaged: " + damaged);
  m.looked_at = [] {};
  m.is_damaged = true;
  for (int life = 0; life < 2; ++life) {
    m.start();
    h.finish(damaged);
    (void)m.close();
  }
}

void play(machine& m, std::uint64_t seed) {
  here().programs = make_programs(m.luck, 2 + m.luck.below(4));
  for (auto& p : here().programs) {
    m.note("program × " + std::to_string(p.generations) + ": " + to_text(p.root));
    count_kinds(p.root, m.result.kinds);
  }
  host h(m, seed);
  inspector i(m, h);
  m.looked_at = [&] { i.look(false); };
  m.start();
  for (int acts = 10 + m.luck.below(50); acts > 0; --acts) h.act();
  if (m.hard.damage) return finish_beside_damage(m, h);
  h.finish();
  h.look_back();
  m.result.runs = static_cast<unsigned>(h.runs().size());
  if (!m.close()) m.violated("I17 the last close failed");
  i.look(true);
}

}  // namespace

report simulate(std::uint64_t seed, bool keep_trace) {
  machine m(seed, keep_trace);
  if (m.hard.clock) here().truth = [&m] { return m.clock.truth(); };
  if (m.hard.clock) here().is_right = [&m] { return m.clock.now() == m.clock.truth(); };
  if (m.hard.clock) here().is_set = here().is_set_back = true;
  try {
    play(m, seed);
  } catch (const std::exception& e) { m.violated(std::string("I17 an exception: ") + e.what()); }
  m.looked_at = [] {};
  m.result.store_hash = m.disk.hash();
  m.result.faults = m.disk.faults;
  return m.result;
}

bool seed_fault(const std::string& name) {
  if (name == "deaf_disk") return sim_disk::is_deaf = true;
  if (name == "credulous_store") return sim_disk::is_credulous = true;
#define STET_SEED(fault) \
  if (name == #fault) return stet::detail::hooks.fault = true;
  STET_SEEDED_FAULTS(STET_SEED)
#undef STET_SEED
  return false;
}
std::vector<std::string> fault_names() {
#define STET_NAME(fault) #fault,
  return {STET_SEEDED_FAULTS(STET_NAME) "deaf_disk", "credulous_store"};
#undef STET_NAME
}

}  // namespace stet_simulation
