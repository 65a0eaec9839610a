// Typed filters, and texts with values from outside: what they say, and that a value stays a value.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include <stet/attributes.hpp>
#include <stet/error.hpp>
#include <stet/filter.hpp>

#include "history/attributes.hpp"
#include "index/filter.hpp"

using stet::run_filter;
using stet::detail::attribute_map, stet::detail::parse_filter, stet::detail::passes;
using namespace stet::built_in;
using namespace std::chrono_literals;

namespace {

inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::attribute<std::int64_t> Cents{"cents"};
inline constexpr stet::attribute<double> Score{"score"};
inline constexpr stet::attribute<bool> Express{"express"};
inline constexpr stet::attribute<stet::time_point> Due{"due"};
inline constexpr stet::attribute<std::vector<std::string>> Tags{"tags"};
inline constexpr stet::attribute<std::int64_t> Odd{"an ` odd\\ name' AND \""};
inline constexpr stet::attribute<std::int64_t> Like{"AND"};
inline constexpr stet::workflow<void()> Pay{"pay"};
inline constexpr stet::workflow<void()> Ship{"ship"};

const auto noon = stet::time_point(std::chrono::sys_days(std::chrono::year(2026) / 12 / 1)) + 12h;

stet::detail::run_state a_run(std::string customer) {
  stet::detail::run_state s;
  s.run = stet::detail::run_number(7);
  s.records = 12;
  s.id = "order-7";
  s.workflow = "pay";
  s.started = stet::detail::engine_time(noon.time_since_epoch().count());
  s.about = std::make_unique<stet::detail::description>();
  s.about->attributes =
      stet::detail::pack(attribute_map{{"customer", std::move(customer)},
                                       {"cents", std::int64_t{1000}},
                                       {"score", 0.5},
                                       {"express", true},
                                       {"due", noon},
                                       {"tags", std::vector<std::string>{"red", "it's blue"}},
                                       {std::string(Odd.text()), std::int64_t{1}},
                                       {"AND", std::int64_t{2}}});
  return s;
}
bool lets(const run_filter& f, const stet::detail::run_state& s) {
  CAPTURE(f.text());
  return passes(parse_filter(f.text()), s);
}
stet::errc refusal(auto&& make) {
  try {
    (void)parse_filter(run_filter(make()).text());
  } catch (const stet::error& e) { return e.code(); }
  return stet::errc::closed;
}

/// Names that a person, or an attacker, may type into a form.
const std::string hostile[] = {"o'neill",  "x' OR customer != 'x",
                               "x\\",      "\\' OR customer != '",
                               "'",        "''",
                               "\"",       "`",
                               "a\nb",     std::string("nul\0byte", 8),
                               "",         " ",
                               "NULL",     "') OR (customer != '",
                               "\xff\xfe", "x\\' OR 1=1 --"};

}  // namespace

TEST_CASE("a value from outside stays a value, whatever it holds") {
  for (auto& who : hostile) {
    CAPTURE(who);
    auto own = a_run(who), other = a_run("somebody else");
    for (auto& f :
         {run_filter(Customer == who), run_filter("customer = " + stet::quoted(who)),
          Customer.in({who}), Customer.in(std::vector<std::string>{who}),
          Customer >= who && Customer <= who, Customer.between(who, who), !(Customer != who)}) {
      CHECK(lets(f, own));
      CHECK(!lets(f, other));
    }
    CHECK(!lets(Customer != who, own));
    CHECK(lets(Customer != who, other));
    CHECK(lets(Customer.starts_with(who), own));
  }
}

TEST_CASE("a text that is joined to a filter can't end that filter") {
  auto bob = a_run("bob");
  for (auto* text : {"cents = 1 OR cents = 1000", "cents = 1 or express = true"}) {
    CHECK(!lets(Customer == "ann" && text, bob));
    CHECK(!lets(run_filter(text) && Customer == "ann", bob));
    CHECK(lets(Customer == "bob" && text, bob));
  }
  for (auto* text : {"cents = 1) OR (cents = 1000", "cents = 1000) OR NOT (cents = 1000", ")", "'",
                     "cents = 1000 OR", "cents = 1 -- "}) {
    CAPTURE(text);
    CHECK(refusal([&] { return Customer == "ann" && text; }) == stet::errc::usage);
    CHECK(refusal([&] { return text || Customer == "ann"; }) == stet::errc::usage);
    CHECK(refusal([&] { return !run_filter(text); }) == stet::errc::usage);
  }
}

TEST_CASE("each comparison says what it looks like") {
  auto s = a_run("ann");
  for (auto& yes : {run_filter(),
                    run_filter("  \n"),
                    Customer == "ann",
                    Customer != "bob",
                    Customer < "b",
                    Cents == 1000,
                    Cents == 1000u,
                    Cents == 1000.0,
                    Cents > 999.5,
                    Cents < UINT64_MAX,
                    Cents != -5,
                    Cents > INT64_MIN,
                    Cents.in({1, 1000}),
                    Cents.between(1, 1000.5),
                    Score == 0.5,
                    Score < 1,
                    Score > 5e-300,
                    Score < 1e300,
                    Express == true,
                    Express != false,
                    Due == noon,
                    Due > noon - 1ms,
                    Due < noon + 24h,
                    Due <= std::chrono::ceil<std::chrono::hours>(noon),
                    Due.between(noon - 1h, noon),
                    Tags == "red",
                    Tags == "it's blue",
                    Tags != "green",
                    Tags.in({"green", "red"}),
                    Odd == 1,
                    Like == 2,
                    Odd.is_not_null(),
                    WorkflowId == "order-7",
                    WorkflowId.starts_with("order-"),
                    WorkflowType == Pay,
                    WorkflowType == "pay",
                    WorkflowType != Ship,
                    WorkflowType.in({"ship", "pay"}),
                    WorkflowVersion == "",
                    ExecutionStatus == stet::status::running,
                    ExecutionStatus != stet::status::timed_out,
                    ExecutionStatus.in({stet::status::running, stet::status::continued_as_new}),
                    StartTime == noon,
                    StartTime < noon + 1ms,
                    CloseTime.is_null(),
                    !CloseTime.is_not_null(),
                    HistoryLength > 10,
                    RunId == 7}) {
    CHECK(lets(yes, s));
    CHECK(!lets(!yes, s));
    CHECK(lets(!!yes, s));
  }
  for (auto& no :
       {run_filter::nothing(), Customer.is_null(), Cents.in(std::vector<int>{}), Cents > 1000,
        Cents == 1, Tags == "blue", WorkflowType == Ship, ExecutionStatus == stet::status::stalled,
        ExecutionDuration > 0ms, ExecutionDuration > -1s, !run_filter()}) {
    CHECK(!lets(no, s));
    CHECK(lets(!no, s));
  }
}

TEST_CASE("filters are joined as C++ joins them") {
  auto s = a_run("ann");
  auto yes = Cents == 1000, no = Cents == 1;
  for (int bits = 0; bits < 8; ++bits) {
    bool a = (bits & 1) != 0, b = (bits & 2) != 0, c = (bits & 4) != 0;
    auto f = [&](bool v) { return v ? yes : no; };
    CHECK(lets(f(a) && f(b) || f(c), s) == ((a && b) || c));
    CHECK(lets(f(a) && (f(b) || f(c)), s) == (a && (b || c)));
    CHECK(lets((f(a) || f(b)) && f(c), s) == ((a || b) && c));
    CHECK(lets(!(f(a) || f(b)) && f(c), s) == (!(a || b) && c));
    CHECK(lets(!(f(a) && f(b)) || !f(c), s) == (!(a && b) || !c));
    CHECK(lets(!(!f(a) && f(b)) && !!f(c), s) == (!(!a && b) && c));
  }
  CHECK((run_filter() && yes).text() == yes.text());
  CHECK((yes && run_filter()).text() == yes.text());
  CHECK((yes || run_filter()).text().empty());
  auto chain = no, ands = yes;
  for (int i = 0; i < 500; ++i) chain = chain || no, ands = ands && yes;
  CHECK(lets(chain || yes, s));
  CHECK(!lets(chain, s));
  CHECK(lets(ands, s));
}

TEST_CASE("what no filter can say is refused") {
  CHECK(refusal([] { return Score == NAN; }) == stet::errc::usage);
  CHECK(refusal([] { return Score < std::numeric_limits<double>::infinity(); }) ==
        stet::errc::usage);
  CHECK(refusal([] { return Due < stet::time_point::max(); }) == stet::errc::usage);
  CHECK(refusal([] { return Due < stet::time_point::min(); }) == stet::errc::usage);
}
