#include "crash/scripts.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "crash/facts.hpp"
#include "engine/loop/core.hpp"

namespace stet_crash {
namespace {

/// A script of a single run.
script single(std::string_view flow, int argument, std::vector<std::string> outcomes) {
  script s;
  s.name = flow;
  s.starts = {{flow, "run", argument}};
  s.runs = {{"run", std::move(outcomes)}};
  return s;
}

script chain(int n) {
  auto s = single("chain", n, {std::to_string(n * (n + 1) / 2)});
  s.name += " " + std::to_string(n);
  return s;
}

script loops(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += i + (i % 2 == 1 ? 10 + 5 : 0);
  return single("loops", n, {std::to_string(sum)});
}

script cancelled() {
  script s;
  s.name = "cancelled";
  s.starts = {{"undone", "gone", 0}, {"undone", "saved", 1}, {"sleeper", "asleep"}};
  s.cancels = {"gone", "saved", "asleep"};
  s.runs = {{"gone", {"!cancelled"}}, {"saved", {"undone: why"}}, {"asleep", {"!cancelled"}}};
  return s;
}

script children() {
  script s;
  s.name = "children";
  s.starts = {{"parent", "p", 3}, {"abandons", "a", 1}};
  s.runs = {{"p", {"67"}},        {"p/chain", {"6"}}, {"p/fails", {"!failed"}},
            {"p/nothing", {"7"}}, {"a", {"quick"}},   {"a/lost", {"!cancelled"}}};
  return s;
}

script tree() {
  script s;
  s.name = "tree";
  s.starts = {{"tree", "t", 2}};
  s.runs = {{"t", {"4"}},   {"tl", {"2"}},  {"tr", {"2"}}, {"tll", {"1"}},
            {"tlr", {"1"}}, {"trl", {"1"}}, {"trr", {"1"}}};
  return s;
}

script terminated() {
  script s;
  s.name = "terminated";
  s.starts = {{"adopts", "p"}, {"sleeper", "s"}};
  s.terminates = {"p", "s"};
  s.runs = {{"p", {"!terminated"}}, {"s", {"!terminated"}}, {"p/child", {"!terminated", ""}}};
  return s;
}

/// Sends to a run that may have ended meanwhile.
template <class F> void send(F f) {
  try {
    f();
  } catch (const stet::error& e) {
    if (e.code() != stet::errc::run_ended) throw;
  }
}
stet::run_handle<std::string> handle(stet::engine& e, const char* flow, std::string_view id) {
  for (auto& f : flows())
    if (f.name.text() == flow) return *e.find(f.name, id);
  throw std::logic_error("no such flow");
}

script listens() {
  auto s = single("listens", 3, {"6"});
  s.talk = [](stet::engine& e) {
    auto run = handle(e, "listens", "run");
    for (int n : {1, 2, 3})
      send([&] { run.signal(Number, n, {.idempotency_key = std::to_string(n)}); });
    send([&] { run.signal(Number, 3, {.idempotency_key = "3"}); });
  };
  return s;
}

script answers() {
  auto s = single("answers", 0, {"6"});
  s.talk = [](stet::engine& e) {
    auto run = handle(e, "answers", "run");
    for (int n : {1, 2, 3}) {
      auto id = std::to_string(n);
      send([&] { (void)run.start_update(Add, {.id = id}, n); });
    }
    try {
      run.update(Add, -1);
      throw std::logic_error("an update that should be refused was taken");
    } catch (const stet::error& e1) {
      if (e1.code() != stet::errc::rejected && e1.code() != stet::errc::run_ended) throw;
    }
    if (run.query(Sum) > 6) throw std::logic_error("an update was done twice");
    if (run.update(Add, {.id = "2"}, 2) > 6) throw std::logic_error("the sum is wrong");
  };
  return s;
}

script promised() {
  auto s = single("promised", 0, {"7 lost"});
  s.talk = [](stet::engine& e) {
    const auto info = e.admin().describe("run");
    for (auto& w : info->waits_for) {
      bool is_first =
          w.kind == stet::wait_kind::promise && w.detail.find(".1.") != std::string::npos;
      if (is_first) (void)e.resolve(Answer, w.detail, 7);
    }
  };
  return s;
}

script tells() {
  script s;
  s.name = "tells";
  s.starts = {{"listens", "listener", 3}, {"tells", "teller", 3}};
  s.runs = {{"listener", {"6"}}, {"teller", {"5 nobody"}}};
  return s;
}

script goes_on() {
  script s;
  s.name = "goes on";
  s.starts = {{"goes on", "listener", 0}, {"tells", "teller", 3}};
  s.runs = {{"listener", {"6"}}, {"teller", {"5 nobody"}}};
  return s;
}

script entities() {
  script s;
  s.name = "entities";
  s.starts = {{"users", "u", 3}};
  s.runs = {{"u", {"12"}}, {"u/1", {"ok"}}, {"u/2", {"ok"}}, {"box/b", {}}, {"box/c", {}}};
  s.talk = [](stet::engine& e) {
    if (e.call(Box, "c", Work, {.id = "one"}, 5) != 5)
      throw std::logic_error("a call with an id was done twice");
    if (e.call(Box, "c", Look) != 5)
      throw std::logic_error("an entity forgot what it had answered");
  };
  return s;
}

script bulk(int runs, int steps) {
  script s;
  s.name = "bulk";
  for (int i = 0; i < runs; ++i) {
    auto id = "bulk " + std::to_string(i);
    s.starts.push_back({"bulk", id, steps});
    s.runs.push_back({id, {std::to_string(7000 * steps)}});
  }
  return s;
}

/// A parent that isn't resident when its child ends.
script waits() {
  auto s = bulk(8, 4);
  s.name = "waits";
  s.starts.insert(s.starts.begin(), {"waits", "w", 30});
  s.runs.push_back({"w", {"465"}});
  s.runs.push_back({"w/chain", {"465"}});
  return s;
}

/// An id whose first run fails and which is started again once.
script second_try() {
  auto s = single("second try", 0, {"1"});
  s.talk = [](stet::engine& e) {
    auto run = handle(e, "second try", "run");
    while (!run.wait_for(std::chrono::seconds(1))) {}
    if (e.admin().describe("run").value().status != stet::status::failed) return;
    for (auto& f : flows())
      if (f.name.text() == "second try")
        e.start(f.name, "run", {.reuse = stet::id_reuse::allow_after_failure}, 1);
  };
  return s;
}

/// Runs that start a child in their last drive. The children exist, whatever the parents' ends mean
/// for them.
script partings() {
  script s;
  s.name = "partings";
  for (int n = 0; n < 6; ++n) {
    auto id = "p" + std::to_string(n);
    s.starts.push_back({"parting", id, n});
    s.runs.push_back({id, {n == 3 ? "!failed" : n == 4 ? "went on" : "gone"}});
  }
  s.runs.push_back({"p0/born", {"born"}});
  s.runs.push_back({"p1/born", {"!cancelled", "born"}});
  s.runs.push_back({"p2/born", {"!terminated", "born"}});
  s.runs.push_back({"p3/born", {"born"}});
  s.runs.push_back({"p4/born", {"!cancelled", "born"}});
  s.runs.push_back({"p5/born", {"!terminated", "born"}});
  s.talk = [](stet::engine& e) {
    auto run = handle(e, "parting", "p5");
    send([&] { (void)run.start_update(Add, {.id = "bye"}, 1); });
  };
  return s;
}

/// A cancel request that comes while a chain continues as new.
script heirs() {
  script s;
  s.name = "heirs";
  for (int n = 0; n < 4; ++n) {
    auto id = "t" + std::to_string(n);
    s.starts.push_back({"testator", id, n});
    ending told{id, {"cancelled"}}, heir{id + "/heir", {"!cancelled"}};
    for (auto* heard : {"0", "1", "10", "11", "100", "101", "110", "111"}) {
      told.outcomes.push_back(std::string("heard ") + heard);
      heir.outcomes.emplace_back(heard);
    }
    s.runs.push_back(told);
    s.runs.push_back(heir);
  }
  return s;
}

script farewells() {
  auto s = single("farewell", 3, {"farewell"});
  s.closes_early = true;
  return s;
}

/// Owners of chains whose first runs are erased meanwhile.
script briefs() {
  script s;
  s.name = "briefs";
  for (auto* id : {"o0", "o1", "o2"}) {
    s.runs.push_back({id, {"ward", ""}});
    s.runs.push_back({std::string(id) + "/ward", {"ward", "!cancelled", "!terminated", ""}});
  }
  s.talk = [](stet::engine& e) {
    auto in_brief = e.in(brief);
    for (auto& f : flows()) {
      if (f.name.text() != "owner") continue;
      for (int n : {0, 1, 2}) {
        auto id = "o" + std::to_string(n);
        try {
          (void)in_brief.start(f.name, id, n).result();
        } catch (const stet::error& x) {
          if (x.code() != stet::errc::not_found) throw;  // it has been erased already
        }
      }
    }
    while (!in_brief.admin().open_runs().empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  return s;
}

script stopped() {
  auto s = single("heeds", 4, {"done"});
  s.closes_early = true;
  return s;
}

/// Runs of many kinds at once, whose records share blocks, and some that stay open.
script crowd() {
  script s;
  s.name = "crowd";
  s.starts = {{"chain", "c", 4},    {"sleeps", "s", 6}, {"sleeper", "z1"},   {"fan", "f", 5},
              {"retries", "r", 2},  {"sleeper", "z2"},  {"nothing", "n", 5}, {"tree", "t", 1},
              {"timeouts", "o", 3}, {"mapped", "m", 4}, {"chain", "c2", 2}};
  s.runs = {{"c", {"10"}}, {"s", {"7"}},  {"f", {"5"}},  {"r", {"3"}},  {"n", {"5"}},
            {"t", {"2"}},  {"tl", {"1"}}, {"tr", {"1"}}, {"m", {"14"}}, {"o", {"03late"}},
            {"c2", {"3"}}, {"z1", {}},    {"z2", {}}};
  return s;
}

std::vector<script> all_scripts() {
  return {
      single("nothing", 5, {"5"}),
      chain(1),
      chain(3),
      chain(30),
      single("counts", 4, {"4"}),
      single("gates", 3, {"33"}),
      single("fan", 20, {"20"}),
      single("sleeps", 4, {"5"}),
      single("retries", 4, {"5"}),
      single("fails", 0, {"!failed"}),
      single("nested", 24, {"28"}),
      loops(4),
      single("once", 4, {"done", "interrupted"}),
      single("mapped", 6, {std::to_string(0 + 1 + 4 + 9 + 16 + 25)}),
      single("beats", 3, {"3"}),
      single("inlined", 4, {"6"}),
      single("chance", 0, {"same"}),
      single("race steps", 1, {"left", "right"}),
      single("race sleep", 1, {"step 1", "sleep 1"}),
      single("race tasks", 3, {"sleep"}),
      single("timeouts", 2, {"02late"}),
      single("step time", 1, {"timed out", "value"}),
      single("scoped", 1, {"cut"}),
      single("all fails", 1, {"failed"}),
      single("first success", 1, {"1"}),
      cancelled(),
      children(),
      tree(),
      terminated(),
      listens(),
      answers(),
      promised(),
      tells(),
      goes_on(),
      single("undoes", 0, {"undone"}),
      entities(),
      second_try(),
      waits(),
      partings(),
      heirs(),
      farewells(),
      briefs(),
      stopped(),
      single("overtaken", 0, {"told"}),
      bulk(8, 8),
      crowd(),
  };
}

}  // namespace

const std::vector<flow>& flows() {
  static const auto all = [] {
    auto f = step_flows();
    for (auto& more : {race_flows(), child_flows(), talk_flows(), last_flows(), entity_flows()})
      f.insert(f.end(), more.begin(), more.end());
    return f;
  }();
  return all;
}

const std::vector<script>& scripts() {
  static const auto all = all_scripts();
  return all;
}

std::string text_of(stet::status how, std::string_view payload, const stet::failure& error) {
  switch (how) {
    case stet::status::completed: return stet::decode<std::string>(payload);
    case stet::status::failed: return "!failed";
    case stet::status::cancelled: return "!cancelled";
    case stet::status::terminated: return "!terminated";
    case stet::status::timed_out: return "!timed out";
    case stet::status::continued_as_new: break;
    case stet::status::stalled: return "!stalled: " + error.message;
    case stet::status::running: break;
  }
  return "!running";
}

void perform(const script& s, stet::engine& e, int life) {
  for (auto& r : s.starts) {
    for (auto& f : flows())
      if (f.name.text() == r.flow) (void)e.start(f.name, r.id, r.argument);
    tell(fact_kind::run, {r.id});
  }
  if (s.talk) s.talk(e);
  for (auto& id : s.cancels) {
    e.cancel(id, "why");
    tell(fact_kind::cancel, {id});
  }
  for (auto& id : s.terminates) {
    e.terminate(id, "why");
    tell(fact_kind::terminate, {id});
  }
  if (ends_early(s, life)) return;
  for (auto& r : s.runs) {
    if (r.outcomes.empty() || (r.outcomes.back().empty() && !e.admin().describe(r.id))) continue;
    auto o = e.internals().perform(
        stet::detail::await_run{.target = {0, "default", r.id}, .limit = std::nullopt});
    tell(fact_kind::result, {r.id, text_of(o->status, o->payload, o->error)});
  }
}

}  // namespace stet_crash
