#include "proofs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "child.hpp"

namespace {

bool say(bool proved, const std::string& text, const std::string& detail) {
  std::printf("  [%s] %s\n", proved ? "ok" : "FAILED", text.c_str());
  if (!proved && !detail.empty()) std::printf("       %s\n", detail.c_str());
  return proved;
}

std::string number(std::size_t n) { return std::to_string(n); }

// Counts offences, and keeps the first one.
struct offences {
  std::size_t count = 0;
  std::string first;
  void add(const std::string& step) {
    if (count++ == 0) first = "the first: " + step;
  }
};

const journaled_step* find(const knowledge& k, const std::string& step) {
  const auto found = k.steps.find(step);
  return found == k.steps.end() ? nullptr : &found->second;
}

// After each kill, a step whose result was recorded before it leaves no further line, unless its
// run came to that step once more.
offences ran_again_though_they_stood(const std::vector<killing>& kills,
                                     const std::vector<effect>& effects, const knowledge& at_end) {
  offences found;
  for (const auto& kill : kills)
    for (std::size_t i = kill.effects; i < effects.size(); ++i) {
      const auto* then = find(kill.known, effects[i].step);
      const auto* now = find(at_end, effects[i].step);
      if (then && !then->under_way() && now && now->begun == then->begun)
        found.add(effects[i].step);
    }
  return found;
}

// A body runs only when the journal has the command: before that there is no line.
offences ran_before_journaled(const std::vector<killing>& kills,
                              const std::vector<effect>& effects) {
  offences found;
  for (const auto& kill : kills)
    for (std::size_t i = 0; i < kill.effects; ++i)
      if (!find(kill.known, effects[i].step)) found.add(effects[i].step);
  return found;
}

// A step leaves one line, and one more for each kill that came while it was under way.
offences ran_too_often(const std::vector<killing>& kills,
                       const std::map<std::string, unsigned>& times, const knowledge& at_end) {
  offences found;
  for (const auto& [step, count] : times) {
    const auto* now = find(at_end, step);
    std::size_t allowed = now ? now->begun : 0;
    for (const auto& kill : kills)
      if (const auto* then = find(kill.known, step); then && then->under_way()) ++allowed;
    if (count > allowed) found.add(step);
  }
  return found;
}

offences attempts_not_rising(const std::vector<effect>& effects, const knowledge& at_end) {
  offences found;
  std::map<std::string, unsigned> last;
  for (const auto& e : effects) {
    auto& attempt = last[e.step];
    const auto* now = find(at_end, e.step);
    if (now && now->begun == 1 && e.attempt <= attempt) found.add(e.step);
    attempt = e.attempt;
  }
  return found;
}

}  // namespace

std::vector<effect> read_effects(const std::string& path) {
  const auto text = content(path);
  const auto whole = text.rfind('\n') + 1;  // 0 if there is none
  if (whole < text.size() && ::truncate(path.c_str(), static_cast<off_t>(whole)) != 0)
    throw std::runtime_error("can't cut off the broken line at the end of " + path);
  std::vector<effect> effects;
  for (std::size_t at = 0; at < whole;) {
    const auto end = text.find('\n', at);
    const auto tab = text.rfind('\t', end);
    effects.push_back({text.substr(at, tab - at),
                       static_cast<unsigned>(std::stoul(text.substr(tab + 1, end - tab)))});
    at = end + 1;
  }
  return effects;
}

bool prove_copy(const std::string& original, const std::string& copy) {
  const auto diff = run({"diff", "-r", "--no-dereference", original, copy});
  bool good =
      say(diff.status == 0 && diff.text.empty(),
          "diff -r finds no difference between original and copy", diff.text.substr(0, 500));
  // diff doesn't compare permissions; find does.
  const std::vector<std::string> find{"sh", "-c",
                                      "cd \"$0\" && find . -printf '%y %m %p\\n' | LC_ALL=C sort"};
  auto in_original = find, in_copy = find;
  in_original.push_back(original);
  in_copy.push_back(copy);
  const auto there = run(in_original), here = run(in_copy);
  good &= say(there.status == 0 && here.status == 0 && there.text == here.text,
              "find sees the same " +
                  number(static_cast<std::size_t>(std::ranges::count(there.text, '\n'))) +
                  " names, kinds and permissions in both",
              {});
  return good;
}

bool prove_steps(const std::vector<killing>& kills, const std::vector<effect>& effects,
                 const knowledge& at_end, std::size_t files) {
  std::map<std::string, unsigned> times;
  for (const auto& e : effects) ++times[e.step];
  std::size_t repeated = 0, stood = 0;
  for (const auto& [step, count] : times) repeated += count - 1;
  for (const auto& kill : kills) stood = std::max(stood, kill.known.steps_done);
  offences without_effect;
  for (const auto& [step, facts] : at_end.steps)
    if (!times.contains(step)) without_effect.add(step);

  bool good = say(
      at_end.runs_completed == files + 1 && at_end.runs_begun == files + 1,
      "all " + number(files + 1) + " workflows are complete: one for each file, one for the whole",
      number(at_end.runs_begun) + " begun, " + number(at_end.runs_completed) + " complete");
  good &= say(at_end.steps_under_way == 0 && without_effect.count == 0,
              "all " + number(at_end.steps_done) +
                  " steps have a result, and none a result without its effect",
              without_effect.first);
  const auto stood_and_ran = ran_again_though_they_stood(kills, effects, at_end);
  good &= say(stood_and_ran.count == 0,
              "what stood, stood: up to " + number(stood) +
                  " results were in the journal at a kill, and " + number(stood_and_ran.count) +
                  " of those steps ran again",
              stood_and_ran.first);
  const auto too_often = ran_too_often(kills, times, at_end);
  good &= say(
      too_often.count == 0,
      number(repeated) + " effects happened once more; each of them was under way when a kill came",
      too_often.first);
  const auto unannounced = ran_before_journaled(kills, effects);
  good &= say(unannounced.count == 0, "no step ran before the journal knew that it would",
              unannounced.first);
  const auto unchanged = attempts_not_rising(effects, at_end);
  good &=
      say(unchanged.count == 0,
          "each repetition knew that it was one: its attempt number was higher", unchanged.first);
  return good;
}
