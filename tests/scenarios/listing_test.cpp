// Lists of runs: search attributes, memo, details, counts, namespaces.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <stet/check.hpp>

#include "tests/support/bytes.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::attribute<std::int64_t> Cents{"cents"};
inline constexpr stet::attribute<double> Score{"score"};
inline constexpr stet::attribute<bool> Express{"express"};
inline constexpr stet::attribute<std::vector<std::string>> Tags{"tags"};
inline constexpr stet::workflow<int(int)> Pay{"pay"};
inline constexpr stet::workflow<void()> Wait{"wait"};
inline constexpr stet::signal<void> Go{"go"};

std::vector<std::string> ids_of(const stet::run_page& page) {
  std::vector<std::string> ids;
  for (auto& r : page.runs) ids.push_back(r.id);
  return ids;
}
/// Reads all pages, and checks that they fit together.
std::vector<std::string> list_all(const stet::client& e, std::string_view filter,
                                  std::size_t page_size) {
  std::vector<std::string> ids;
  std::string cursor;
  do {
    auto page = e.admin().list(filter, {.page_size = page_size, .cursor = cursor});
    CHECK(page.runs.size() <= page_size);
    for (auto& r : page.runs) ids.push_back(r.id);
    cursor = page.next;
    CHECK((cursor.empty() || page.runs.size() == page_size));
  } while (!cursor.empty());
  return ids;
}
using list = std::vector<std::string>;

void check_store(world& w) {
  w.close();
  auto report = stet::check(*w.store());
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
}

/// "1" starts with attributes, "2" continues as new, "3" ends.
stet::task<int> pay(stet::context& ctx, int n) {
  ctx.set_attributes({Cents(std::int64_t{n} * 100), Express(n == 2)});
  ctx.set_details("in stage " + std::to_string(n));
  co_await ctx.sleep(1h);
  if (n < 3) co_return co_await ctx.continue_as_new(Pay, n + 1);
  std::string last = "paid";
  ctx.set_memo(last);
  ctx.set_attributes({Express.unset(), Customer("ann after all")});
  co_return n;
}

}  // namespace

TEST_CASE("attributes, memo and details are there at every moment, whatever dies and when [S209]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world&, stet::engine& e) { e.define(Pay, pay); },
        [](world& w) {
          auto order = std::string("an order");
          auto run = w.engine().start(
              Pay, "p", {.attributes = {Customer("ann"), Tags({"red"})}, .memo = stet::memo(order)},
              1);
          auto found = w.engine().admin().count("customer STARTS_WITH 'ann'");
          CHECK(found > 0);
          auto result = w.result(run);
          CHECK(result == 3);
          w.close();
          w.reopen();
        },
        [](world& w, death) {
          w.plan->heal();
          auto& e = w.engine();
          auto page = e.admin().list("WorkflowId = 'p'");
          REQUIRE(page.runs.size() == 3);
          CHECK(page.runs[0].status == stet::status::completed);
          CHECK(page.runs[0].details == "in stage 3");
          CHECK(stet::decode<std::string>(page.runs[0].memo) == "paid");
          CHECK(page.runs[0].attributes.get(Customer) == "ann after all");
          CHECK(page.runs[0].attributes.get(Cents) == 300);
          CHECK(!page.runs[0].attributes.get(Express));
          CHECK(page.runs[0].attributes.get(Tags) == std::vector<std::string>{"red"});
          CHECK(page.runs[1].status == stet::status::continued_as_new);
          CHECK(page.runs[1].attributes.get(Customer) == "ann");
          CHECK(page.runs[1].attributes.get(Express) == true);
          CHECK(stet::decode<std::string>(page.runs[2].memo) == "an order");
          CHECK(e.admin().count("customer = 'ann'") == 2);
          CHECK(e.admin().count("customer = 'ann after all'") == 1);
          CHECK(e.admin().count("cents >= 200") == 2);
          CHECK(e.admin().count("express IS NOT NULL") == 2);
          CHECK(e.admin().count("express = true") == 1);
          CHECK(e.admin().count("tags = 'red'") == 3);
          CHECK(e.admin().count("ExecutionStatus = 'Completed'") == 1);
          CHECK(e.admin().count() == 3);
          auto info = e.admin().describe("p");
          REQUIRE(info);
          CHECK(info->details == "in stage 3");
          CHECK(info->attributes.get(Cents) == 300);
          CHECK(info->closed > info->started);
          w.plan->heal();
          check_store(w);
        });
  }
}

TEST_CASE("a list is never stale: what was acknowledged is in it, wherever the run is kept") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Wait, [](stet::context& ctx) -> stet::task<> {
        ctx.set_attributes({Cents(1)});
        co_await ctx.receive(Go);
        ctx.set_attributes({Cents(2)});
        co_await ctx.receive(Go);
      });
    });
    auto& e = w.engine();
    for (int i = 0; i < 20; ++i) {
      auto id = "w" + std::to_string(i);
      e.start(Wait, id, {.attributes = {Customer("c" + std::to_string(i % 2))}});
      w.settle();
      CHECK(e.admin().count("cents = 1") == static_cast<unsigned>(i % 2 ? (i + 1) / 2 : i / 2 + 1));
      CHECK(e.admin().count("ExecutionStatus = 'Running'") == static_cast<unsigned>(i + 1));
      if (i % 2) continue;
      e.signal(id, Go);
      w.settle();
      CHECK(ids_of(e.admin().list("cents = 2", {.page_size = 1})) == list{id});
    }
    w.restart();
    CHECK(w.engine().admin().count("cents = 2") == 10);
    w.close();
    w.reopen();
    CHECK(w.engine().admin().count("cents = 2 AND customer = 'c0'") == 10);
    CHECK(w.engine().admin().count("cents = 1 AND customer = 'c0'") == 0);
    auto counts = w.engine().admin().count_by_status();
    REQUIRE(counts.size() == 1);
    CHECK(counts[0].workflow == "wait");
    CHECK(counts[0].count == 20);
    check_store(w);
  });
}

// ---------------------------------------------------------------- against a plain search

namespace {

/// The properties of a run that filters can ask for.
struct row {
  std::string id, workflow, status;
  std::optional<std::string> customer;
  std::optional<std::int64_t> cents;
  std::optional<double> score;
  std::vector<std::string> tags;
};
using predicate = std::function<bool(const row&)>;
struct written {
  std::string text;
  predicate holds;
};

const std::vector<std::string> kCustomers{"ann",
                                          "bob",
                                          "bo",
                                          "",
                                          std::string("b\0b", 3),
                                          std::string(64, 'x'),
                                          std::string(64, 'x') + "1",
                                          std::string(64, 'x') + "2",
                                          "2026-01-01"};

/// Makes random filters, each with its meaning.
class filters {
 public:
  explicit filters(random_source& r) : random_(r) {}
  written make(int depth) {
    if (depth > 0 && random_.below(3) != 0) {
      auto a = make(depth - 1), b = make(depth - 1);
      switch (random_.below(3)) {
        case 0:
          return {"(" + a.text + " AND " + b.text + ")",
                  [=](const row& r) { return a.holds(r) && b.holds(r); }};
        case 1:
          return {"(" + a.text + " OR " + b.text + ")",
                  [=](const row& r) { return a.holds(r) || b.holds(r); }};
        default: return {"NOT (" + a.text + ")", [=](const row& r) { return !a.holds(r); }};
      }
    }
    switch (random_.below(8)) {
      case 0: return of_text("customer", [](const row& r) { return r.customer; });
      case 1: return of_text("WorkflowId", [](const row& r) { return std::optional(r.id); });
      case 2:
        return of_number("cents", [](const row& r) {
          return r.cents ? std::optional(static_cast<double>(*r.cents)) : std::nullopt;
        });
      case 3: return of_number("score", [](const row& r) { return r.score; });
      case 4: return of_status();
      case 5: {
        auto name = random_.below(2) ? "pay" : "wait";
        return {"WorkflowType = '" + std::string(name) + "'",
                [=](const row& r) { return r.workflow == name; }};
      }
      case 6: {
        auto tag = "t" + std::to_string(random_.below(4));
        return {"tags = '" + tag + "'",
                [=](const row& r) { return std::count(r.tags.begin(), r.tags.end(), tag) > 0; }};
      }
      default: return of_null();
    }
  }

 private:
  written of_null() {
    bool is = random_.below(2);
    return {is ? "cents IS NULL" : "cents IS NOT NULL",
            [=](const row& r) { return !r.cents == is; }};
  }
  written of_status() {
    static const char* words[] = {"Running", "Completed", "Terminated"};
    std::string word = words[random_.below(3)];
    return {"ExecutionStatus = '" + word + "'", [=](const row& r) { return r.status == word; }};
  }
  template <class Get> written of_text(const std::string& name, Get get) {
    auto v = kCustomers[random_.below(kCustomers.size())];
    if (name == "WorkflowId") v = "r" + std::to_string(random_.below(60));
    auto in_quotes = "'" + v + "'";
    auto on = [=](const auto& f) {
      return [=](const row& r) {
        auto is = get(r);
        return is && f(*is);
      };
    };
    switch (random_.below(6)) {
      case 0: return {name + " = " + in_quotes, on([=](auto& s) { return s == v; })};
      case 1: return {name + " > " + in_quotes, on([=](auto& s) { return s > v; })};
      case 2: return {name + " <= " + in_quotes, on([=](auto& s) { return s <= v; })};
      case 3:
        return {name + " STARTS_WITH " + in_quotes, on([=](auto& s) { return s.starts_with(v); })};
      case 4:
        return {name + " IN ('ann', " + in_quotes + ")",
                on([=](auto& s) { return s == v || s == "ann"; })};
      default:
        return {name + " != " + in_quotes, [=](const row& r) {
                  auto is = get(r);
                  return !is || *is != v;
                }};
    }
  }
  template <class Get> written of_number(const std::string& name, Get get) {
    double v = static_cast<double>(random_.below(20)) / 2 - 3;
    auto text = std::to_string(v);
    if (v == static_cast<int>(v) && random_.below(2)) text = std::to_string(static_cast<int>(v));
    auto on = [=](const auto& f) {
      return [=](const row& r) {
        auto is = get(r);
        return is && f(*is);
      };
    };
    switch (random_.below(6)) {
      case 0: return {name + " = " + text, on([=](double d) { return d == v; })};
      case 1: return {name + " < " + text, on([=](double d) { return d < v; })};
      case 2: return {name + " <= " + text, on([=](double d) { return d <= v; })};
      case 3: return {name + " > " + text, on([=](double d) { return d > v; })};
      case 4: return {name + " >= " + text, on([=](double d) { return d >= v; })};
      default:
        return {name + " BETWEEN 0 AND " + text, on([=](double d) { return d >= 0 && d <= v; })};
    }
  }
  random_source& random_;
};

}  // namespace

TEST_CASE("every filter finds what a plain search finds, however the runs are kept") {
  STET_SAYS_SEED();
  random_source random;
  everywhere_by_hand([&](world& w) {
    w.open([](stet::engine& e) {
      e.define(Pay, [](stet::context& ctx, int n) -> stet::task<int> {
        if (n % 3 == 0) co_await ctx.receive(Go);
        co_return n;
      });
      e.define(Wait, [](stet::context& ctx) -> stet::task<> { co_await ctx.receive(Go); });
    });
    std::vector<row> rows;
    for (int i = 0; i < 60; ++i) {
      row r{"r" + std::to_string(i), random.below(2) ? "pay" : "wait", "Running", {}, {}, {}, {}};
      stet::start_options o;
      if (random.below(3)) r.customer = kCustomers[random.below(kCustomers.size())];
      if (random.below(3)) r.cents = static_cast<std::int64_t>(random.below(10)) - 3;
      if (random.below(3)) r.score = static_cast<double>(random.below(20)) / 2 - 3;
      for (int t = 0; t < 4; ++t)
        if (random.below(3) == 0) r.tags.push_back("t" + std::to_string(t));
      if (r.customer) o.attributes.add(Customer(*r.customer));
      if (r.cents) o.attributes.add(Cents(*r.cents));
      if (r.score) o.attributes.add(Score(*r.score));
      o.attributes.add(Tags(r.tags));
      if (r.workflow == "pay") {
        w.engine().start(Pay, r.id, o, i);
        if (i % 3) r.status = "Completed";
      } else {
        w.engine().start(Wait, r.id, o);
      }
      w.settle();
      if (r.status == "Running" && random.below(4) == 0) {
        w.engine().terminate(r.id);
        r.status = "Terminated";
      }
      rows.push_back(std::move(r));
      auto chance = random.below(25);
      if (chance == 0) w.restart();
      if (chance == 1) {
        w.close();
        w.reopen();
      }
    }
    filters make(random);
    for (int i = 0; i < 150; ++i) {
      auto f = make.make(static_cast<int>(random.below(4)));
      CAPTURE(f.text);
      list expected;
      for (auto r = rows.rbegin(); r != rows.rend(); ++r)
        if (f.holds(*r)) expected.push_back(r->id);
      CHECK(list_all(w.engine(), f.text, 1 + random.below(40)) == expected);
      CHECK(w.engine().admin().count(f.text) == expected.size());
      std::uint64_t sum = 0;
      for (auto& c : w.engine().admin().count_by_status(f.text)) sum += c.count;
      CHECK(sum == expected.size());
    }
    check_store(w);
  });
}

TEST_CASE("pages stay in step while runs begin and end between them") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Wait, [](stet::context& ctx) -> stet::task<> { co_await ctx.receive(Go); });
    });
    for (int i = 0; i < 50; ++i) w.engine().start(Wait, "a" + std::to_string(i));
    std::set<std::string> seen;
    std::string cursor;
    int n = 0;
    do {
      auto page = w.engine().admin().list({}, {.page_size = 7, .cursor = cursor});
      for (auto& r : page.runs) CHECK(seen.insert(r.id).second);  // no run twice
      cursor = page.next;
      w.engine().start(Wait, "b" + std::to_string(n));
      w.engine().signal("a" + std::to_string(49 - n++), Go);
      w.settle();
      if (n == 3) w.restart();
    } while (!cursor.empty());
    for (int i = 0; i < 50; ++i) CHECK(seen.contains("a" + std::to_string(i)));  // none missing
  });
}

TEST_CASE("a range that many runs are in is listed as well as one that few are in") {
  world w(cell{.threads = 0});
  w.open([](stet::engine& e) {
    e.define(Pay, [](stet::context& ctx, int n) -> stet::task<int> {
      ctx.set_attributes({Cents(n)});
      co_return n;
    });
  });
  constexpr int count = 25'000;  // more than the engine sorts
  std::vector<std::pair<std::string, std::tuple<int>>> runs;
  for (int i = 0; i < count; ++i) runs.emplace_back("r" + std::to_string(i), std::tuple(i));
  w.engine().start_all(Pay, runs);
  w.settle();
  for (int turn = 0; turn < 2; ++turn) {
    auto& e = w.engine();
    CHECK(e.admin().count("cents >= 0") == count);
    CHECK(e.admin().count("cents >= 10 AND cents < 20 AND WorkflowType = 'pay'") == 10);
    CHECK(ids_of(e.admin().list("cents >= 0", {.page_size = 2})) == list{"r24999", "r24998"});
    CHECK(ids_of(e.admin().list("cents < 24000", {.page_size = 2})) == list{"r23999", "r23998"});
    CHECK(list_all(e, "cents BETWEEN 100 AND 103", 3) == list{"r103", "r102", "r101", "r100"});
    CHECK(list_all(e, "HistoryLength > 0", 10'000).size() == count);
    w.close();
    w.reopen();
  }
}

TEST_CASE("namespaces are worlds of their own in one store [S215]") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Pay, [](stet::context& ctx, int n) -> stet::task<int> {
        auto all = co_await ctx.transact("count", [&](stet::transaction& tx) {
          constexpr stet::table<int, int> sums{"sums"};
          auto sum = tx.get(sums, 0).value_or(0) + n;
          tx.put(sums, 0, sum);
          return sum;
        });
        co_await ctx.receive(Go);
        co_return all;
      });
      e.define(Wait,
               [](stet::context& ctx) -> stet::task<> { co_await ctx.child(Pay, "same", 40); });
    });
    auto& e = w.engine();
    auto a = e.in("a"), b = e.in("a\xff");
    auto in_a = a.start(Pay, "same", 1), in_b = b.start(Pay, "same", 2),
         here = e.start(Pay, "same", 3);
    CHECK(a.start(Pay, "same", 9).created() == false);
    e.in("c").start(Wait, "parent");
    w.settle();
    CHECK(a.admin().count() == 1);
    CHECK(e.admin().count() == 1);
    CHECK(e.in("c").admin().count() == 2);
    CHECK(e.in("nobody").admin().count() == 0);
    CHECK(e.in("nobody").admin().list().runs.empty());
    CHECK(!e.in("nobody").admin().describe("same"));
    CHECK(what_throws([&] { e.in("nobody").signal("same", Go); }).code == stet::errc::not_found);
    a.signal("same", Go);
    w.settle();
    CHECK(w.result(in_a) == 1);
    CHECK(here.status() == stet::status::running);
    w.restart();
    auto again = w.engine().in("a\xff");
    again.signal("same", Go);
    w.engine().in("c").signal("same", Go);
    w.settle();
    CHECK(again.find(Pay, "same")->result() == 2);
    CHECK(w.engine().in("c").find(Pay, "same")->result() == 40);
    CHECK(w.engine().in("c").find(Wait, "parent")->status() == stet::status::completed);
    CHECK(w.engine().admin().open_runs() == list{"same"});
    for (auto* bad : {"", "a\0b"})
      CHECK(
          what_throws([&] { w.engine().in({bad, std::size_t(*bad ? 3 : 0)}); }).says("namespace"));
    CHECK(what_throws([&] { w.engine().in(std::string(65, 'n')); }).says("65"));
    check_store(w);
  });
}

TEST_CASE("a customer's name finds that customer's runs only, whatever the name holds") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Wait, [](stet::context& ctx) -> stet::task<> { co_await ctx.receive(Go); });
    });
    auto& e = w.engine();
    const std::string names[] = {"ann", "o'neill", "x' OR customer != 'x", "back\\", "\"", "a\nb"};
    for (auto& who : names) e.start(Wait, "of " + who, {.attributes = {Customer(who), Cents(1)}});
    using namespace stet::built_in;
    for (auto& who : names) {
      CAPTURE(who);
      const list own{"of " + who};
      CHECK(ids_of(e.admin().list(Customer == who)) == own);
      CHECK(ids_of(e.admin().list("customer = " + stet::quoted(who))) == own);
      CHECK(ids_of(e.admin().list(Cents == 1 && Customer.in({who}) && WorkflowType == Wait)) ==
            own);
      CHECK(ids_of(e.admin().list(Customer == who && "cents = 2 OR cents = 1")) == own);
      CHECK(ids_of(e.admin().list(WorkflowId == "of " + who)) == own);
      CHECK(e.admin().count(Customer.starts_with(who) &&
                            ExecutionStatus == stet::status::running) == 1);
    }
    CHECK(e.admin().count(Customer.is_not_null()) == 6);
    CHECK(e.admin().count(StartTime >= stet::time_point{} && CloseTime.is_null()) == 6);
    CHECK(what_throws([&] {
            e.admin().list(Customer == "ann" && "cents = 1) OR (cents = 1");
          }).code == stet::errc::usage);
  });
}

TEST_CASE("what can't be an attribute, a memo or a page is refused, and nothing is begun") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Pay, [](stet::context& ctx, int n) -> stet::task<int> {
        try {
          if (n == 1) ctx.set_attributes({stet::attribute_setting("CloseTime", true)});
          if (n == 2) ctx.set_details(std::string(30'000, 'x'));
          if (n == 3) ctx.set_memo(std::string(40'000, 'x'));
        } catch (const stet::error& e) { co_return e.code() == stet::errc::usage ? -n : 0; }
        co_return n;
      });
    });
    auto& e = w.engine();
    for (int n = 1; n <= 3; ++n) CHECK(w.run(Pay, "p" + std::to_string(n), n) == -n);
    auto refused = [&](stet::start_options o) {
      auto what = what_throws([&] { e.start(Pay, "never", o, 1); });
      CHECK(what.code == stet::errc::usage);
      CHECK(!e.admin().describe("never"));
      return what;
    };
    stet::start_options o;
    o.attributes.add(stet::attribute_setting("WorkflowType", true));
    CHECK(refused(o).says("built-in"));
    std::string longer(3000, 'x');
    o.attributes = {Customer(longer)};
    CHECK(refused(o).says("2048"));
    o.attributes = {Score(0.0 / 0.0)};
    CHECK(refused(o).says("NaN"));
    std::vector<std::string> many(65, "x");
    o.attributes = {Tags(many)};
    CHECK(refused(o).says("65 keywords"));
    std::string large(40'000, 'x');
    stet::start_options with_memo{.memo = stet::memo(large)};
    CHECK(refused(with_memo).says("memo"));
    CHECK(what_throws([&] {
            stet::attribute_list all;
            for (int i = 0; i < 17; ++i) all.add(Cents(1));
          }).says("at most 16"));
    CHECK(what_throws([&] { e.admin().list({}, {.page_size = 0}); }).says("1 to 10000"));
    CHECK(what_throws([&] { e.admin().list({}, {.cursor = "x1"}); }).says("cursor"));
    CHECK(what_throws([&] { e.admin().list("nonsense"); }).says("at byte 8"));
    CHECK(what_throws([&] { e.admin().count("a = "); }).code == stet::errc::usage);
  });
}

TEST_CASE("the ids of open runs have an id whose run continues as new while they are read") {
  constexpr int others = 2500;  // read in several turns
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Pay, pay);
      e.define(Wait, [](stet::context& ctx) -> stet::task<void> { co_await ctx.receive(Go); });
    });
    w.engine().start(Pay, "goes on", 1);
    std::vector<std::pair<std::string, std::tuple<>>> runs;
    for (int i = 0; i < others; ++i)
      runs.emplace_back("waits " + std::to_string(i), std::tuple<>());
    w.engine().start_all(Wait, runs);
    w.settle();
    w.close();
    w.reopen();  // so all runs are on the disk
    w.settle();
    w.clock.advance(1h);  // in the first turn of the call the sleep ends
    auto all = w.engine().admin().open_runs({}, 2 * others);
    CHECK(all.size() == others + 1);
    CHECK(std::count(all.begin(), all.end(), "goes on") == 1);
    CHECK(w.engine().admin().describe("goes on").value().previous != 0);
  });
}
