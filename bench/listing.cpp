// How long a list or a count takes with many runs in the store. The limit is the time with a
// hundredth of the runs: the cost of an answer from an index grows with the answer, not with the
// store.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "place.hpp"

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

// Twenty workflows; three attributes for each run; one run in ten is open. There is one customer
// for each hundred runs, and the cents of a run are its number.
constexpr std::size_t kinds = 20;
inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::attribute<std::int64_t> Cents{"cents"};
inline constexpr stet::attribute<bool> Express{"express"};
inline constexpr stet::signal<void> Never{"never"};

using flow = stet::workflow<void(std::uint32_t)>;
constexpr std::array<flow, kinds> Kinds{
    flow{"kind-00"}, flow{"kind-01"}, flow{"kind-02"}, flow{"kind-03"}, flow{"kind-04"},
    flow{"kind-05"}, flow{"kind-06"}, flow{"kind-07"}, flow{"kind-08"}, flow{"kind-09"},
    flow{"kind-10"}, flow{"kind-11"}, flow{"kind-12"}, flow{"kind-13"}, flow{"kind-14"},
    flow{"kind-15"}, flow{"kind-16"}, flow{"kind-17"}, flow{"kind-18"}, flow{"kind-19"}};

stet::task<void> described(stet::context& ctx, std::uint32_t n) {
  auto customer = "c" + std::to_string(n / 100);
  ctx.set_attributes({Customer(customer), Cents(n), Express(n % 2 == 0)});
  if (n % 10 == 0) co_await ctx.receive(Never);
}
void define_kinds(stet::engine& e) {
  for (auto& k : Kinds) e.define(k, described);
}

void fill_described(const std::string& store, const folder& where, std::size_t runs) {
  stet::engine e(open_store(store, where),
                 {.threads = 0, .resident_runs_max = 1000, .commits = stet::durability::process});
  define_kinds(e);
  e.start();
  constexpr std::size_t at_once = 1000;
  for (std::size_t done = 0; done < runs; done += at_once) {
    std::array<std::vector<std::pair<std::string, std::tuple<std::uint32_t>>>, kinds> batch;
    for (auto n = done; n < std::min(runs, done + at_once); ++n)
      batch[n % kinds].emplace_back("run-" + std::to_string(n), static_cast<std::uint32_t>(n));
    for (std::size_t k = 0; k < kinds; ++k)
      if (!batch[k].empty()) e.start_all(Kinds[k], batch[k]);
    e.run_until_idle();
  }
  e.close();
}

struct question {
  const char* name;
  std::string filter;
  bool counts = false;
};

/// Returns the questions for a store of `n` runs.
std::vector<question> questions(std::size_t n) {
  auto customer = "customer = " + stet::quoted("c" + std::to_string(n / 200));
  auto cents = std::to_string(n / 2);
  return {
      {"everything", ""},
      {"kind", "WorkflowType = 'kind-07'"},
      {"kind_status", "WorkflowType = 'kind-10' AND ExecutionStatus = 'Running'"},
      {"keyword", customer},
      {"keyword_status", customer + " AND ExecutionStatus = 'Running'"},
      {"two_attributes", customer + " AND express = true"},
      {"narrow_range", "cents BETWEEN " + cents + " AND " + std::to_string(n / 2 + 50)},
      {"wide_range", "cents > " + std::to_string(n / 10)},
      {"starts_with", "customer STARTS_WITH " + stet::quoted("c" + std::to_string(n / 200))},
      {"or", customer + " OR cents = " + cents},
      {"not_equal", "customer != 'c1'"},
      {"id", "WorkflowId = 'run-" + cents + "'"},
      {"since", "StartTime > '2020-01-01'"},
      {"open", "CloseTime IS NULL"},
      {"count_status", "ExecutionStatus = 'Completed'", true},
      {"count_keyword", customer, true},
      {"count_range", "cents BETWEEN " + cents + " AND " + std::to_string(n / 2 + 1000), true},
      {"count_half", "express = true", true},
  };
}

double milliseconds_of(stet::engine& e, const question& q) {
  std::vector<double> all;
  for (int i = 0; i < 5; ++i) {
    auto begin = clock::now();
    if (q.counts) (void)e.admin().count(q.filter);
    else (void)e.admin().list(q.filter);
    all.push_back(std::chrono::duration<double, std::milli>(clock::now() - begin).count());
  }
  return median(all);
}

std::vector<double> answers_of(const std::string& store, const folder& where, std::size_t runs) {
  stet::engine e(open_store(store, where));
  define_kinds(e);
  e.start();
  std::vector<double> all;
  for (auto& q : questions(runs)) all.push_back(milliseconds_of(e, q));
  return all;
}

}  // namespace

void measure_listing(const job& j) {
  if (!j.wants("list")) return;
  for (auto& store : j.stores()) {
    auto many = j.runs(1'000'000, 10'000), few = std::max<std::size_t>(many / 100, 100);
    folder large(j.set.dir), small(j.set.dir);
    fill_described(store, small, few);
    fill_described(store, large, many);
    auto with_few = answers_of(store, small, few), with_many = answers_of(store, large, many);
    auto all = questions(many);
    for (std::size_t i = 0; i < all.size(); ++i) {
      row r{std::string("list_") + all[i].name, store, 1, with_many[i], "ms", with_few[i]};
      r.runs = many;
      j.out.add(r);
    }
  }
}

}  // namespace bench
