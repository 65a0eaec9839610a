// Plays a story once for each moment at which the process may die.
#include <utility>

#include "testing/impl.hpp"

namespace stet { inline namespace v0 { namespace testing {

/// The worlds in which a story is played.
class deaths {
 public:
  explicit deaths(const story& s) : story_(s) {}
  crash_report explore();

 private:
  struct ending {
    bool crashed = false;
    std::string outcome;
    std::map<std::string, effects::count> effects;
  };
  ending tell(fault how, std::uint64_t commit) const;
  void compare(const ending& e, const ending& without, const std::string& where);

  const story& story_;
  crash_report report_;
};

/// Plays the story in a world that dies at this commit (0: never).
deaths::ending deaths::tell(fault how, std::uint64_t commit) const {
  effects world;
  environment env(std::make_unique<environment::impl>([&](engine& e) { story_.define(e, world); },
                                                      story_.options));
  auto& in = *env.impl_;
  if (commit != 0) in.plan->fail(store_call::commit, commit, how);
  if (story_.prepare) story_.prepare(env);
  ending end;
  bool seen = false;  // whether the death was seen
  for (bool restarted = false;;) {
    try {
      if (!in.engine_now) in.open();
      auto said = story_.tell(env);
      if (!restarted) end.outcome = said;
      else if (said != end.outcome) end.outcome += "; after a restart: " + said;
      if (std::exchange(restarted, true)) break;
      in.engine_now->close();
      in.engine_now.reset();
    } catch (const error&) {
      if (in.plan->injected() == 0 || std::exchange(seen, true)) throw;
      restarted = false;
      in.die();
      if (in.cut_short) in.at(duration(0), std::exchange(in.cut_short, nullptr));
    }
  }
  end.crashed = in.plan->injected() > 0;
  end.effects = world.counts();
  return end;
}

void deaths::compare(const ending& e, const ending& without, const std::string& where) {
  auto problem = [&](const std::string& text) { report_.problems.push_back(where + ": " + text); };
  if (e.outcome != without.outcome)
    problem("the outcome is \"" + e.outcome + "\", and \"" + without.outcome +
            "\" without the crash");
  auto all = without.effects;
  for (auto& [what, c] : e.effects) all.emplace(what, effects::count{0, c.promised});
  for (auto& [what, c] : all) {
    auto found = e.effects.find(what);
    int times = found == e.effects.end() ? 0 : found->second.times;
    bool too_few = c.promised != effects::promise::at_most_once && times < c.times;
    int most = c.promised == effects::promise::at_least_once ? 2 * c.times : c.times;
    if (too_few || times > most)
      problem("the effect '" + what + "' happened " + std::to_string(times) + " times, and " +
              std::to_string(c.times) + " without the crash");
  }
}

crash_report deaths::explore() {
  auto without = tell(fault::unknown_lost, 0);
  report_.outcome = without.outcome;
  for (auto how : {fault::unknown_lost, fault::unknown_applied}) {
    for (std::uint64_t n = 1;; ++n) {
      auto where = std::string(how == fault::unknown_lost ? "before" : "after") + " commit " +
                   std::to_string(n);
      try {
        auto e = tell(how, n);
        if (!e.crashed) break;
        compare(e, without, where);
      } catch (const std::exception& e) {
        report_.problems.push_back(where + ": the story threw: " + detail::words_of(e));
      }
      ++report_.crashes;
    }
  }
  return std::move(report_);
}

crash_report crash_everywhere(const story& s) { return deaths(s).explore(); }

std::string crash_report::text() const {
  if (ok())
    return std::to_string(crashes) + " crashes, and none changed the outcome or an effect\n";
  std::string lines;
  for (auto& p : problems) lines += one_line(p) + '\n';
  return lines;
}

}}}  // namespace stet::v0::testing
