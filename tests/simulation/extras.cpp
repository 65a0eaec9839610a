#include "simulation/extras.hpp"

namespace stet_simulation {

constexpr int count = 4;

std::vector<std::string> extras::ids() {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back("x" + std::to_string(i));
  return all;
}

void extras::act() {
  auto id = "x" + std::to_string(luck_.below(count));
  switch (luck_.below(4)) {
    case 0: ++m_.result.kinds["extra answer"]; return answer_promise();
    case 1: ++m_.result.kinds["extra erase"]; return erase(id);
    case 2: return look(id);
    default: ++m_.result.kinds["extra start"]; return start(id);
  }
}

void extras::start(const std::string& id) {
  static constexpr int times[] = {0, 30, 400, 5'000};
  if (runs_.contains(id)) return look(id);
  run r;
  r.sleeps = times[luck_.below(4)];
  r.timeout = luck_.one_in(2) ? times[1 + luck_.below(3)] : 0;
  stet::start_options o;
  o.delay = stet::duration(times[luck_.below(4)]);
  (luck_.one_in(2) ? o.run_timeout : o.execution_timeout) = stet::duration(r.timeout);
  bool is_of_all = o.execution_timeout.count() > 0;  // it includes the delay
  r.may_end = {"kept", "refused"};
  if (r.timeout) r.may_end.insert("!timed_out");
  if (r.timeout && r.timeout < r.sleeps + (is_of_all ? o.delay.count() : 0))
    r.may_end = {"!timed_out"};
  here().begins[id] = (here().truth ? here().truth() : m_.clock.now()) + o.delay.count();
  r.asked = m_.clock.truth();
  if (!here().is_right()) here().begins[id] = r.asked = 0;
  // The run may start even if the start isn't acknowledged.
  runs_[id] = r;
  m_.ask("start " + id, [&](stet::engine& e) {
    bool created = e.start(Extra, id, o, r.sleeps).created();
    if (!m_.disk.power) return;
    runs_[id].is_acknowledged = true;
    if (!created) m_.violated("I3 '" + id + "' was erased, and is there");
  });
}

void extras::answer(const std::string& token, bool rejects) {
  m_.ask(rejects ? "reject" : "keep", [&](stet::engine& e) {
    try {
      (void)(rejects ? e.reject(Kept, token, "no") : e.resolve(Kept, token, 1));
    } catch (const stet::error& x) {
      if (x.code() != stet::errc::not_found) throw;  // its run may have been erased
    }
  });
}

void extras::answer_promise() {
  if (here().asked.empty()) return;
  auto at = here().asked.begin();
  std::advance(at, luck_.below(static_cast<int>(here().asked.size())));
  answer(at->first, luck_.one_in(2));
}

void extras::look(const std::string& id) {
  auto known = runs_.find(id);
  m_.ask("look at " + id, [&](stet::engine& e) {
    auto info = e.admin().describe(id);
    if (!m_.disk.power) return;
    if (known == runs_.end()) {
      if (info) m_.violated("I3 '" + id + "' was erased, and is there");
      return;
    }
    auto& r = known->second;
    if (!info) {
      if (r.is_acknowledged && !r.may_be_gone)
        m_.violated("I1 '" + id + "' was acknowledged, and is lost");
      // A run that wasn't acknowledged may be in a block that the store refused, and exist later.
      if (r.is_acknowledged) runs_.erase(known);
      return;
    }
    if (info->closed == stet::time_point()) return;
    auto text = info->status == stet::status::completed
                    ? e.find(Extra, id)->result()
                    : "!" + std::string(stet::to_text(info->status));
    bool is_early = here().truth && text == "!timed_out" && here().truth() < r.asked + r.timeout;
    if (is_early) m_.violated("I7 '" + id + "' ended as timed out before its time was over");
    bool in_time = here().is_set_back && (text == "kept" || text == "refused");
    if (!in_time && !r.may_end.contains(text))
      m_.violated("the extra run '" + id + "' ended with " + text);
    if (!r.ended.empty() && r.ended != text)
      m_.violated("I9 '" + id + "' had ended with " + r.ended + ", and now it is " + text);
    r.ended = text;
  });
}

void extras::erase(const std::string& id) {
  if (!runs_.contains(id)) return;
  bool also_open = luck_.one_in(2);
  bool is_asked = false;
  bool done = m_.ask("erase " + id, [&](stet::engine& e) {
    auto info = e.admin().describe(id);
    if (info && info->closed == stet::time_point() && !also_open) return;
    is_asked = true;
    (void)e.admin().erase(id, {.terminate = true});
  });
  if (!is_asked) return;
  runs_[id].may_be_gone = true;
  runs_[id].may_end.insert("!terminated");
  if (done) runs_.erase(id);
}

void extras::finish() {
  for (auto& [token, id] : std::map<std::string, std::string>(here().asked)) {
    auto r = runs_.find(id);
    bool is_timed = r != runs_.end() && r->second.timeout > 0;  // its time-out will end it
    if (!is_timed) answer(token, false);
  }
}

void extras::look_back() {
  for (auto& id : ids()) look(id);
}

}  // namespace stet_simulation
