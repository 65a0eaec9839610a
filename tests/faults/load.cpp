#include "faults/load.hpp"

#include <functional>
#include <future>
#include <vector>

#include "crash/facts.hpp"
#include "engine/loop/core.hpp"

namespace stet_faults {

using namespace stet_crash;

namespace {

constexpr auto asked = static_cast<fact_kind>('Q');  // flow, id, argument, "cancelled" or ""
constexpr int callers = 4, runs_each = 60;

struct kind_of_run {
  const char* flow;
  int argument;
  const char* outcome;
};
constexpr kind_of_run kinds[] = {{"chain", 5, "15"},  {"fan", 6, "6"},     {"sleeps", 4, "5"},
                                 {"counts", 3, "3"},  {"mapped", 4, "14"}, {"retries", 2, "3"},
                                 {"nested", 9, "11"}, {"bulk", 2, "14000"}};

const kind_of_run& kind_of(int n) { return kinds[static_cast<std::size_t>(n) % std::size(kinds)]; }

std::string await(stet::engine& e, const std::string& id) {
  auto o = e.internals().perform(
      stet::detail::await_run{.target = {0, "default", id}, .limit = std::nullopt});
  return text_of(o->status, o->payload, o->error);
}

void start(stet::engine& e, const std::string& flow, const std::string& id, int argument) {
  for (auto& f : flows())
    if (f.name.text() == flow) (void)e.start(f.name, id, argument);
  tell(fact_kind::run, {id});
}

void call(stet::engine& e, int life, int caller) {
  for (int i = 0; i < runs_each; ++i) {
    auto& k = kind_of(life + caller * 3 + i);
    auto id = std::to_string(life) + "/" + std::to_string(caller) + "/" + std::to_string(i);
    bool goes = i % 6 == 5;
    tell(asked, {k.flow, id, std::to_string(k.argument), goes ? "cancelled" : ""});
    start(e, k.flow, id, k.argument);
    if (goes) {
      e.cancel(id, "why");
      tell(fact_kind::cancel, {id});
    }
    if (i % 3 != 1) tell(fact_kind::result, {id, await(e, id)});
  }
}

}  // namespace

void put_under_load(stet::engine& e, int life) {
  std::vector<std::future<void>> calls;
  for (int c = 0; c < callers; ++c)
    calls.push_back(std::async(std::launch::async, call, std::ref(e), life, c));
  for (auto& c : calls) c.wait();
  for (auto& c : calls) c.get();
}

void drain(stet::engine& e, const std::string& facts) {
  auto all = read_facts(facts);
  for (auto& f : all)
    if (f.kind == asked) start(e, f.fields.at(0), f.fields.at(1), std::stoi(f.fields.at(2)));
  for (auto& f : all)
    if (f.kind == asked) tell(fact_kind::result, {f.fields.at(1), await(e, f.fields.at(1))});
}

script script_of(const std::string& facts, bool over) {
  script s;
  s.name = "load";
  for (auto& f : read_facts(facts)) {
    if (f.kind != asked) continue;
    ending end{f.fields.at(1), {}};
    for (auto& k : kinds)
      if (f.fields.at(0) == k.flow) end.outcomes.emplace_back(k.outcome);
    if (f.fields.at(3) == "cancelled") end.outcomes.emplace_back("!cancelled");
    if (!over) end.outcomes.emplace_back();
    s.runs.push_back(std::move(end));
  }
  return s;
}

}  // namespace stet_faults
