#include "simulation/host.hpp"

#include <algorithm>

#include "simulation/damage.hpp"

namespace stet_simulation {

using stet_crash::Add;
using stet_crash::Answer;
using stet_crash::Box;
using stet_crash::Number;

const std::string* host::any_run() {
  if (runs_.empty()) return nullptr;
  auto at = runs_.begin();
  std::advance(at, m_.luck.below(static_cast<int>(runs_.size())));
  return &at->first;
}

void host::act() {
  if (extras_.wants()) return extras_.act();
  if (lasts_.wants()) return lasts_.act();
  if (chains_.wants()) return chains_.act();
  if (storms_.wants()) return storms_.act();
  static constexpr struct {
    int weight;
    void (host::*what)();
  } acts[] = {{5, &host::start}, {5, &host::signal}, {4, &host::update}, {2, &host::resolve},
              {1, &host::end},   {3, &host::look},   {12, &host::pass},  {3, &host::fail}};
  int left = m_.luck.below(35);
  for (auto& a : acts)
    if ((left -= a.weight) < 0) return (this->*a.what)();
}

void host::start() {
  int n = m_.luck.below(std::min(3, static_cast<int>(here().programs.size())));
  auto id = "r" + std::to_string(n);
  auto& p = here().programs.at(static_cast<std::size_t>(n));
  bool is_new = !runs_.contains(id);
  auto& r = runs_[id];
  r.program = n;
  r.chained = p.generations > 1;
  if (is_new) r.again = !p.has_kids && m_.luck.one_in(4);
  stet::start_options o;
  if (r.again) o.reuse = stet::id_reuse::allow;
  if (r.again && m_.luck.one_in(3)) {
    o.conflict = stet::id_conflict::terminate_existing;
    r.met.terminated = true;
  }
  if (r.again) ended_.erase(id);
  m_.ask("start " + id, [&](stet::engine& e) {
    (void)e.start(Play, id, o, argument_of(n, p.generations - 1));
    if (!m_.disk.power) return;
    r.acknowledged = true;
    stet_crash::tell(stet_crash::fact_kind::run, {id});
  });
}

void host::signal() {
  auto* id = any_run();
  if (!id) return;
  int number = ++number_;
  auto key = "k" + std::to_string(number);
  bool keyed = m_.luck.one_in(2);
  auto send = [&](stet::engine& e) {
    e.signal(*id, Number, number, {.idempotency_key = keyed ? key : std::string_view()});
  };
  bool sent =
      m_.ask("signal " + *id + " " + std::to_string(number) + (keyed ? " keyed" : ""), send);
  if (keyed && (!sent || m_.luck.one_in(2))) sent |= m_.ask("signal again " + key, send);
  if (sent) runs_[*id].sent.insert(number);
}

void host::update() {
  if (m_.luck.one_in(4)) {
    auto key = "b" + std::to_string(m_.luck.below(boxes));
    return put(key, "p" + std::to_string(++number_));
  }
  auto* run = any_run();
  if (!run) return;
  auto id = "u" + std::to_string(++number_);
  asked_[id] = {*run, number_};
  if (m_.luck.one_in(2)) {  // an earlier update of the same run
    auto at = asked_.begin();
    std::advance(at, m_.luck.below(static_cast<int>(asked_.size())));
    id = at->first;
  }
  const auto& of = asked_.at(id).first;
  int value = asked_.at(id).second;
  bool slow = value % 3 == 0, stands = !runs_[of].again && !runs_[of].chained;
  m_.ask("update " + of + " " + id, [&](stet::engine& e) {
    auto run_of = e.find(Play, of);
    if (!run_of) return;
    auto u = slow ? run_of->start_update(Slow, {.id = id}, value)
                  : run_of->start_update(Add, {.id = id}, value);
    if (!u.wait_for(stet::duration(0))) return;
    int answer = u.result();
    m_.note("  answer " + std::to_string(answer));
    if (!m_.disk.power || !stands) return;
    auto [first, is_new] = answers_.emplace(id, answer);
    if (!is_new && first->second != answer)
      m_.violated("I3 the update " + id + " of '" + of + "' has two answers");
  });
}

void host::put(const std::string& key, const std::string& id) {
  ++puts_[key];
  for (int times = 1 + m_.luck.below(2); times > 0; --times) {
    m_.ask("put " + key + " " + id, [&](stet::engine& e) {
      (void)e.update_with_start(stet_crash::Put, {.id = id}, {1}, Box.as_workflow(), Box.id_of(key),
                                {.reuse = stet::id_reuse::allow}, 0);
    });
  }
}

void host::resolve() {
  if (here().tokens.empty()) return;
  auto at = here().tokens.begin();
  std::advance(at, m_.luck.below(static_cast<int>(here().tokens.size())));
  m_.ask("resolve", [&](stet::engine& e) { (void)e.resolve(Answer, *at, answer); });
}

void host::end() {
  auto* id = any_run();
  if (!id || !m_.luck.one_in(2)) return;
  auto& r = runs_[*id];
  bool kill = m_.luck.one_in(3);
  m_.ask("end " + *id, [&](stet::engine& e) {
    m_.settle(e);
    auto info = e.admin().describe(*id);
    if (!info || info->closed != stet::time_point()) {
      if (kill) e.terminate(*id, "the host");  // it has ended: this does nothing
      return;
    }
    (kill ? r.met.terminated : r.met.cancelled) = true;
    kill ? e.terminate(*id, "the host") : e.cancel(*id, "the host");
    // The engine wasn't idle: the run may have ended just before.
    bool too_late = kill && e.admin().describe(*id).value().status != stet::status::terminated;
    if (m_.disk.power && !r.again && !too_late)
      stet_crash::tell(kill ? stet_crash::fact_kind::terminate : stet_crash::fact_kind::cancel,
                       {*id});
  });
}

void host::look() {
  m_.ask("look", [&](stet::engine& e) {
    m_.settle(e);
    std::uint64_t open = 0;
    for (auto& [id, r] : runs_) {
      auto info = e.admin().describe(id);
      if (!m_.disk.power) return;
      if (!info && r.acknowledged) m_.violated("I1 '" + id + "' was acknowledged, and is lost");
      r.acknowledged |= info.has_value();  // a run that is shown is durable
      if (!info || r.again) continue;
      bool is_open = info->closed == stet::time_point();
      open += is_open;
      auto before = ended_.find(id);
      if (before != ended_.end() && before->second != info->status)
        m_.violated("I9 '" + id + "' had ended, and now it is " +
                    std::string(stet::to_text(info->status)));
      if (!is_open) ended_[id] = info->status;
      if (info->status == stet::status::completed && m_.luck.one_in(2))
        stet_crash::tell(stet_crash::fact_kind::result, {id, e.find(Play, id)->result()});
      if (is_open && m_.luck.one_in(3)) (void)e.query(id, stet_crash::Sum);
    }
    auto listed = e.admin().open_runs({}, 10'000).size();
    auto counted = e.admin().count("ExecutionStatus = 'Running'");
    m_.note("  open " + std::to_string(listed) + ", counted " + std::to_string(counted));
    if (listed < open) m_.violated("I11 fewer runs are listed than are open");
    if (listed != counted && m_.disk.power)
      m_.violated("I11 open runs: " + std::to_string(listed) + " are listed, " +
                  std::to_string(counted) + " counted");
  });
}

void host::set_clock() {
  if (m_.hard.clock) return m_.clock.be_behind(0);
  int ms = m_.luck.below(200'000) - 100'000;
  here().is_set = true;
  here().is_set_back |= ms < 0;
  m_.clock.set(ms);
}

/// Lets time pass, the loop turn, or a body run.
void host::pass() {
  switch (m_.luck.below(6)) {
    case 0: m_.clock.advance(m_.luck.below(4) == 0 ? 70'000 : m_.luck.below(400)); break;
    case 1:
      if (m_.luck.one_in(3)) set_clock();
      break;
    case 2: m_.ask("poll", [](stet::engine& e) { (void)e.poll(); }); return;
    case 3:
      for (int n = m_.luck.below(4); n >= 0 && m_.bodies.release(m_.luck); --n) {}
      break;
    default: break;
  }
  m_.ask("idle", [this](stet::engine& e) { m_.settle(e); });
}

void host::fail() {
  auto kind = m_.luck.below(7);
  m_.note("fault " + std::to_string(kind));
  ++m_.result.kinds["fault " + std::to_string(kind)];
  switch (kind) {
    case 0: m_.crash(); return;
    case 1: m_.crash_at(1 + m_.luck.below(60)); return;
    case 2:
      (void)m_.close();
      m_.start();
      return;
    case 3: m_.disk.reads_until = m_.luck.below(12); return;
    default:
      m_.disk.next_commit = static_cast<commit_fault>(kind - 3);
      m_.disk.commits_until = m_.luck.below(6);
      m_.disk.refusals = m_.disk_luck.one_in(3) ? 1 + m_.disk_luck.below(5) : 0;
  }
}

/// Sends a signal to a run that waits for one.
void host::feed(const std::string& id) {
  bool waits = false;
  m_.ask("describe " + id, [&](stet::engine& e) {
    auto info = e.admin().describe(id);
    if (!info) return;
    if (info->status == stet::status::stalled) m_.violated("I13 '" + id + "': " + info->reason);
    for (auto& w : info->waits_for) waits |= w.kind == stet::wait_kind::condition;
  });
  if (!waits || extras::is_one(id)) return;
  int number = ++number_;
  bool sent = m_.ask("feed " + id, [&](stet::engine& e) { e.signal(id, Number, number); });
  if (auto r = runs_.find(id); sent && r != runs_.end()) r->second.sent.insert(number);
}

bool host::more_to_do(const std::string& damaged) {
  std::vector<std::string> open;
  std::optional<stet::time_point> due;
  bool is_well = false;
  while (m_.bodies.release(m_.luck)) {}
  m_.ask("idle", [&](stet::engine& e) {
    m_.settle(e);
    open = e.admin().open_runs({}, 10'000);
    due = e.next_wakeup();
    (void)e.admin().describe("a store that takes no commit tells nothing");
    is_well = true;
  });
  while (m_.bodies.release(m_.luck)) due = stet::time_point();
  bool more = chains_.is_open(damaged);
  for (auto& id : open) {
    if (id.starts_with("box/") || (!damaged.empty() && family_of(id) == damaged)) continue;
    more = true;
    lasts::is_one(id) ? lasts_.feed(id) : feed(id);
  }
  if (std::any_of(open.begin(), open.end(), extras::is_one)) extras_.finish();
  for (auto& token : here().tokens)
    if (!open.empty())
      m_.ask("resolve", [&](stet::engine& e) { (void)e.resolve(Answer, token, answer); });
  if (!is_well) m_.clock.advance(300);  // a refused commit is tried again
  if (!due) return more || !is_well;
  auto wait = due->time_since_epoch().count() - m_.clock.now();
  if (m_.hard.clock) wait = std::clamp<std::int64_t>(wait, 1'000, 70'000);  // by another clock
  if (wait > 0) m_.clock.advance(wait);
  return true;
}

void host::finish(const std::string& damaged) {
  m_.heal();
  if (m_.hard.clock) m_.clock.be_behind(0);
  constexpr int rounds_max = 300;
  for (int i = 0; i < rounds_max; ++i) {
    storms_.end();
    if (!more_to_do(damaged)) return;
  }
  m_.ask("open", [&](stet::engine& e) {
    std::string all = chains_.open(damaged);
    for (auto& id : e.admin().open_runs({}, 10'000)) {
      all += " " + id;
      auto info = e.admin().describe(id);
      for (auto& w : info->waits_for)
        all += " (" + std::string(to_text(w.kind)) + " " + w.name + ")";
    }
    m_.violated("I18 not all come to an end:" + all);
  });
}

void host::look_back() {
  extras_.look_back();
  chains_.look_back();
  std::map<int, range> calls;
  std::map<std::string, ending> endings;
  for (auto& [id, r] : runs_) add_endings(here().programs, r.program, id, {}, endings);
  for (auto& [id, e] : endings) {
    std::optional<stet::run_info> info;
    m_.ask("describe " + id, [&](stet::engine& e2) { info = e2.admin().describe(id); });
    if (!info) continue;
    bool first = id.find('/') == std::string::npos;
    auto& p = here().programs.at(static_cast<std::size_t>(e.program));
    int most_times = !first ? 1 : runs_[id].again ? 1000 : p.generations;
    for (auto& [box, n] : calls_of(p)) {
      if (info->status == stet::status::completed) calls[box].least += n.least;
      calls[box].most += n.most * most_times;
    }
  }
  for (auto& [key, n] : puts_) calls[std::stoi(key.substr(1))].most += n;
  for (auto& [box, count] : calls) {
    auto& n = count;
    auto key = "b" + std::to_string(box);
    m_.ask("box " + key, [&](stet::engine& e) {
      if (!e.admin().describe(Box.id_of(key)) && n.least == 0) return;
      int sum = e.call(Box, key, stet_crash::Look);
      if (sum < n.least || sum > n.most)
        m_.violated("I4 the box '" + key + "' holds " + std::to_string(sum) + ", not " +
                    std::to_string(n.least) + " to " + std::to_string(n.most));
    });
  }
  for (auto& [id, r] : runs_) {
    auto& heard = here().heard[id];
    if (r.again || r.chained || heard.empty()) continue;
    auto behind = heard.upper_bound(number_);  // from there on, the numbers that runs sent
    int last = behind == heard.begin() ? 0 : *std::prev(behind);
    for (int n : r.sent)
      if (n < last && !heard.contains(n))
        m_.violated("I8 '" + id + "' never read the signal " + std::to_string(n));
  }
}

}  // namespace stet_simulation
