#include <algorithm>
#include <set>

#include "crash/checks.hpp"

namespace stet_crash {

using namespace stet::detail;

namespace {

struct known_step {
  std::string id, name;
  unsigned attempt = 1;  // the highest recorded
  bool at_most_once = false;
  bool done = false;     // with a result, or with an exception of its body
  bool settled = false;  // done, failed, or given up
};

std::map<std::string, known_step> steps_of(const dump& d) {
  std::map<std::string, known_step> steps;
  for (auto& [run, r] : d.runs) {
    for (auto& rec : history_records(r)) {
      auto key = key_of(r, rec.command);
      if (rec.kind == record_kind::step) {
        if (rec.flags & flag::step::transacts) continue;  // no effect outside the store
        auto& s = steps[key];
        s.id = r.state.id;
        s.name = rec.name;
        s.at_most_once = rec.flags & flag::step::at_most_once;
        continue;
      }
      auto found = steps.find(key);
      if (found == steps.end()) continue;
      auto& s = found->second;
      if (rec.kind == record_kind::attempt) s.attempt = std::max(s.attempt, rec.attempt);
      bool thrown = rec.kind == record_kind::step_failed && rec.code == stet::errc::step_failed;
      if (rec.kind == record_kind::step_done || thrown) s.done = true;
      if (s.done || rec.kind == record_kind::step_failed || rec.kind == record_kind::cancelled)
        s.settled = true;
    }
  }
  return steps;
}

/// Whether closing the engine may stop the step's body, which is no crash. Such a step is named
/// "name~".
bool may_be_stopped(const std::string& name) { return name.ends_with('~'); }

/// How often a step's body is called if nothing crashes: 3 for a step named "name*3".
unsigned scripted(const std::string& name) {
  auto star = name.rfind('*');
  return star == std::string::npos ? 1 : static_cast<unsigned>(std::stoul(name.substr(star + 1)));
}

struct seen_step {
  unsigned times = 0, last_attempt = 0;
};

std::string text_of(const known_step& s) { return "step '" + s.name + "' of '" + s.id + "'"; }

void check_count(const known_step& s, const seen_step& seen, unsigned crashes, violations& v) {
  auto most = s.at_most_once ? 1 : scripted(s.name) + crashes + may_be_stopped(s.name);
  bool is_unseen = s.name.ends_with('?');  // it doesn't report its effects
  auto least = !s.done || is_unseen ? 0 : crashes == 0 ? scripted(s.name) : 1;
  if (seen.times <= most && seen.times >= least) return;
  v.push_back("I4 " + text_of(s) + " had " + std::to_string(seen.times) +
              " effects, which must be " + std::to_string(least) + " to " + std::to_string(most));
}

}  // namespace

void check_effects(const dump& d, const std::vector<fact>& facts, unsigned crashes, violations& v) {
  auto steps = steps_of(d);
  std::map<std::string, seen_step> seen;
  for (auto& f : facts) {
    if (f.kind != fact_kind::effect) continue;
    auto attempt = static_cast<unsigned>(std::stoul(f.fields.at(2)));
    auto& key = f.fields.at(3);
    auto known = steps.find(key);
    auto what = "step '" + f.fields.at(1) + "' of '" + f.fields.at(0) + "'";
    if (known == steps.end()) {
      v.push_back("I4 " + what + " had an effect, and its run knows nothing of it");
      continue;
    }
    auto& step = known->second;
    if (step.id != f.fields.at(0) || step.name != f.fields.at(1))
      v.push_back("I4 " + what + " had the idempotency key of " + text_of(step));
    if (attempt > step.attempt)
      v.push_back("I4 attempt " + f.fields.at(2) + " of " + what +
                  " had an effect before it was durable");
    auto& s = seen[key];
    if (attempt <= s.last_attempt)
      v.push_back("I4 attempt " + f.fields.at(2) + " of " + what + " came after attempt " +
                  std::to_string(s.last_attempt));
    s.last_attempt = attempt;
    ++s.times;
  }
  for (auto& [key, s] : steps) check_count(s, seen[key], crashes, v);
}

void check_settled(const dump& d, int life, const std::vector<fact>& facts, violations& v) {
  auto steps = steps_of(d);
  for (auto& f : facts) {
    if (f.kind != fact_kind::effect || f.life <= life) continue;
    auto known = steps.find(f.fields.at(3));
    if (known != steps.end() && known->second.settled)
      v.push_back("I5 " + text_of(known->second) + " stood after life " + std::to_string(life) +
                  ", and ran again in life " + std::to_string(f.life));
  }
}

}  // namespace stet_crash
