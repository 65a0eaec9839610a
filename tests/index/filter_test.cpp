// Filters: how they are parsed, and which are refused.
#include <doctest/doctest.h>

#include <string>

#include <stet/error.hpp>

#include "history/attributes.hpp"
#include "index/filter.hpp"

using namespace stet::detail;
using stet::attribute_value;

namespace {

run_state a_run() {
  run_state s;
  s.run = run_number(7);
  s.records = 12;
  s.id = "order-7";
  s.workflow = "pay";
  s.started = engine_time(*parse_time("2026-11-25T08:00:00Z"));
  s.about = std::make_unique<description>();
  s.about->attributes = pack(
      attribute_map{{"customer", std::string("ann")},
                    {"cents", std::int64_t{1000}},
                    {"score", 0.5},
                    {"express", true},
                    {"due", stet::time_point(stet::duration(*parse_time("2026-12-01T00:00:00Z")))},
                    {"tags", std::vector<std::string>{"red", "blue"}},
                    {"odd name's", std::string("it's")}});
  return s;
}
run_state an_ended_run() {
  auto s = a_run();
  s.status = stet::status::failed;
  s.clock_time = s.started + 90'000;
  return s;
}
bool lets(const char* text, const run_state& s) { return passes(parse_filter(text), s); }

std::string refusal(const char* text) {
  try {
    (void)parse_filter(text);
  } catch (const stet::error& e) {
    CHECK(e.code() == stet::errc::usage);
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a filter lets through what it says") {
  for (auto* yes : {"",
                    "  ",
                    "WorkflowId = 'order-7'",
                    "WorkflowType='pay'",
                    "ExecutionStatus = 'Running'",
                    "ExecutionStatus IN ('completed', \"RUNNING\")",
                    "customer = 'ann'",
                    "customer != 'bob'",
                    "customer STARTS_WITH 'a'",
                    "WorkflowId STARTS_WITH \"order-\"",
                    "cents > 999",
                    "cents >= 1000 AND cents <= 1000",
                    "cents = 1000.0",
                    "cents < 1000.5",
                    "cents BETWEEN 1 AND 2000",
                    "cents NOT BETWEEN 1 AND 2",
                    "cents IN (1, 2, 1000)",
                    "cents NOT IN (1, 2)",
                    "score > 0",
                    "score = 0.5",
                    "score < 1",
                    "express = true",
                    "express != FALSE",
                    "due > '2026-11-30'",
                    "due = '2026-12-01T01:00:00+01:00'",
                    "due BETWEEN '2026-11-30' AND '2026-12-02'",
                    "due = 1796083200000000000",
                    "tags = 'red'",
                    "tags = 'blue' and tags = 'red'",
                    "tags IN ('green', 'blue')",
                    "tags != 'green'",
                    "`odd name's` = 'it''s'",
                    "`odd name's` = \"it's\"",
                    "`odd name's` = 'it\\'s'",
                    "nothing IS NULL",
                    "customer IS NOT NULL",
                    "nothing != 1",
                    "NOT nothing = 1",
                    "CloseTime IS NULL",
                    "StartTime >= '2026-11-25T08:00:00Z'",
                    "StartTime < '2026-11-25 08:00:00.001'",
                    "StartTime = 1795593600000000000",
                    "RunId = 7",
                    "HistoryLength > 10",
                    "(customer = 'bob' OR cents = 1000) AND NOT express = false",
                    "customer = 'bob' AND express = true OR cents = 1000"}) {
    CAPTURE(yes);
    CHECK(lets(yes, a_run()));
  }
}

TEST_CASE("and nothing else") {
  for (auto* no : {"WorkflowId = 'order-70'",
                   "ExecutionStatus = 'Stalled'",
                   "ExecutionStatus != 'Running'",
                   "customer = 'ANN'",
                   "customer STARTS_WITH 'nn'",
                   "customer = 7",
                   "cents > '999'",
                   "cents = true",
                   "cents > 1000",
                   "cents < 999.5",
                   "score > 0.5",
                   "express = 'true'",
                   "due > 'later'",
                   "due < '2026-12-01'",
                   "tags = 'green'",
                   "tags != 'red'",
                   "tags IS NULL",
                   "nothing = 1",
                   "nothing > 1",
                   "nothing STARTS_WITH ''",
                   "customer IS NULL",
                   "CloseTime > '2020-01-01'",
                   "ExecutionDuration > '1s'",
                   "customer = 'bob' AND (express = true OR cents = 1000)"}) {
    CAPTURE(no);
    CHECK(!lets(no, a_run()));
  }
  auto ended = an_ended_run();
  CHECK(lets("ExecutionStatus = 'Failed' AND CloseTime > '2026-11-25T08:01:00Z'", ended));
  CHECK(lets("ExecutionDuration = '1m30s' AND ExecutionDuration > '00:01:29'", ended));
  CHECK(lets("ExecutionDuration < 90001000000", ended));
  CHECK(!lets("CloseTime IS NULL", ended));
}

TEST_CASE("a filter goes no deeper than it nests, however long its chains are") {
  std::string ors, ands;
  for (int i = 0; i < 999; ++i) ors += i == 0 ? "cents=1" : "OR cents=1";
  for (int i = 0; i < 1000; ++i) ands += i == 0 ? "cents=1000" : " AND cents=1000";
  CHECK(parse_filter(ors).parts.size() == 999);
  CHECK(!lets(ors.c_str(), a_run()));
  CHECK(lets((ors + " OR cents = 1000").c_str(), a_run()));
  CHECK(lets("cents = 1 OR cents = 1000 AND score = 0.5 AND express = true OR cents = 2", a_run()));
  CHECK(!lets("cents = 1 OR cents = 1000 AND score = 1 AND express = true OR cents = 2", a_run()));
  CHECK(lets(ands.c_str(), a_run()));
}

TEST_CASE("numbers of both kinds are compared exactly") {
  auto s = a_run();
  s.about->attributes = pack(attribute_map{{"n", std::int64_t{9007199254740993}}});
  CHECK(lets("n > 9007199254740992.0", s));
  CHECK(lets("n != 9007199254740992.0", s));
  CHECK(lets("n < 1e300 AND n > -1e300", s));
  s.about->attributes = pack(attribute_map{{"n", 9007199254740992.0}});
  CHECK(lets("n < 9007199254740993", s));
  s.about->attributes = pack(attribute_map{{"n", INT64_MIN}});
  CHECK(lets("n = -9223372036854775808 AND n = -9223372036854775808.0", s));
}

TEST_CASE("what makes no sense is refused, with the place and what was expected") {
  for (auto& [text, says] : std::initializer_list<std::pair<const char*, const char*>>{
           {"customer", "expected =, !="},
           {"customer =", "expected a 'text'"},
           {"= 'ann'", "expected the name of an attribute"},
           {"customer = 'ann", "doesn't end"},
           {"customer = 'ann' AND", "expected the name"},
           {"customer = 'ann' cents = 1", "expected AND, OR or the end"},
           {"(customer = 'ann'", "expected a ')'"},
           {"customer ~ 'ann'", "isn't one of a filter"},
           {"cents BETWEEN 1", "expected AND and the end"},
           {"cents IN 1", "expected a '('"},
           {"cents IN (1", "expected ',' or ')'"},
           {"cents = 1.2.3", "no number"},
           {"cents = 1e999", "no number"},
           {"cents = 99999999999999999999999999", "no number"},
           {"customer STARTS_WITH 7", "expected a text"},
           {"customer IS 7", "expected NULL"},
           {"customer NOT = 7", "expected IN, BETWEEN"},
           {"ExecutionStatus = 'Dancing'", "is one of 'Running'"},
           {"ExecutionStatus = 1", "is one of 'Running'"},
           {"StartTime > 'yesterday'", "such as '2026-11-25T08:00:00Z'"},
           {"StartTime > '2026-13-01'", "such as '2026-11-25T08:00:00Z'"},
           {"StartTime STARTS_WITH '2026'", "is no text"},
           {"ExecutionDuration > 'long'", "such as '1h30m'"},
           {"WorkflowId = 7", "a text in quotes"},
           {"HistoryLength = 'x'", "a whole number"}}) {
    CAPTURE(text);
    auto said = refusal(text);
    CAPTURE(said);
    if (std::string(text) == "cents = 99999999999999999999999999") {
      CHECK(said.empty());  // a double can hold it
      continue;
    }
    CHECK(said.find(says) != std::string::npos);
    CHECK(said.find("at byte ") != std::string::npos);
  }
  CHECK(refusal((std::string(200, '(') + "a = 1").c_str()).find("nests too deep") !=
        std::string::npos);
  std::string nots;
  for (int i = 0; i < 200; ++i) nots += "NOT ";
  CHECK(refusal((nots + "a = 1").c_str()).find("nests too deep") != std::string::npos);
  CHECK(refusal(std::string(70'000, ' ').c_str()).find("at most") != std::string::npos);
}

TEST_CASE("a filter has at most a thousand values, since each costs a look at an index") {
  std::string many = "a = 0", values = "a IN (0";
  for (int i = 1; i < 1000; ++i) {
    many += " OR a = " + std::to_string(i);
    values += "," + std::to_string(i);
  }
  CHECK(refusal(many.c_str()).empty());
  CHECK(refusal((values + ")").c_str()).empty());
  for (auto& more : {many + " OR a = 1", many + " AND b IS NULL", values + ") OR b = 1",
                     values + ", 1)", values + ") AND c STARTS_WITH 'x'"}) {
    auto said = refusal(more.c_str());
    CHECK(said.find("at most 1000") != std::string::npos);
    CHECK(said.find("ask in parts") != std::string::npos);
  }
}

TEST_CASE("a name that finds nothing, though people mean something by it, is refused") {
  for (auto& [name, says] : std::initializer_list<std::pair<std::string, const char*>>{
           {"workflowid", "WorkflowId"},
           {"WorkflowID", "WorkflowId"},
           {"WORKFLOWTYPE", "WorkflowType"},
           {"executionStatus", "ExecutionStatus"},
           {"starttime", "StartTime"},
           {"Closetime", "CloseTime"},
           {"runid", "RunId"},
           {"historyLength", "HistoryLength"},
           {"workflowVersion", "WorkflowVersion"},
           {"ExecutionTime", "StartTime"},
           {"BuildIds", "WorkflowVersion"},
           {"TemporalChangeVersion", "WorkflowVersion"},
           {"HistorySizeBytes", "HistoryLength"},
           {"ParentWorkflowId", "run_info::parent"},
           {"taskqueue", "of Temporal's"},
           {"TemporalScheduledById", "of Temporal's"}}) {
    CAPTURE(name);
    for (auto& text : {name + " = 'x'", name + " IS NULL", "a = 1 OR " + name + " IN ('x')"}) {
      auto said = refusal(text.c_str());
      CHECK(said.find(says) != std::string::npos);
      CHECK(said.find("in back-ticks, `" + name + "`") != std::string::npos);
    }
    CHECK(refusal(("`" + name + "` = 'x'").c_str()).empty());  // an attribute of one's own
  }
  auto own = a_run();
  own.about->attributes = pack(attribute_map{{"runid", std::string("x")}});
  CHECK(lets("`runid` = 'x' AND RunId = 7", own));
  for (auto* fine : {"status = 'x'", "type = 'x'", "Id = 'x'", "customer = 'x'", "`RunId` = 7"})
    CHECK(refusal(fine).empty());
}

TEST_CASE("times and durations as people write them") {
  CHECK(parse_time("1970-01-01") == 0);
  CHECK(parse_time("1970-01-02T00:00:00Z") == 86'400'000);
  CHECK(parse_time("1970-01-01T00:00:00.25Z") == 250);
  CHECK(parse_time("1970-01-01T01:00+01:00") == 0);
  CHECK(parse_time("1969-12-31T23:59:59.999Z") == -1);
  for (auto* bad : {"", "1970", "1970-1-1", "1970-02-30", "1970-01-01T25:00Z",
                    "1970-01-01T00:00:00X", "1970-01-01T00:00:00Z ", "1970-01-01T00:61Z", "now"})
    CHECK_MESSAGE(!parse_time(bad), bad);
  CHECK(parse_duration("250ms") == 250);
  CHECK(parse_duration("1h30m") == 5'400'000);
  CHECK(parse_duration("1.5s") == 1500);
  CHECK(parse_duration("2d") == 172'800'000);
  CHECK(parse_duration("100:00:01.5") == 360'001'500);
  for (auto* bad : {"", "1", "h", "1h30", "1x", "1:2:3", "-1h", "99999999999999999d"})
    CHECK_MESSAGE(!parse_duration(bad), bad);
  for (auto* word : {"Canceled", "cancelled", "CANCELLED"})
    CHECK(parse_status(word) == stet::status::cancelled);
  CHECK(parse_status("ContinuedAsNew") == stet::status::continued_as_new);
  CHECK(parse_status("timed_out") == stet::status::timed_out);
  CHECK(!parse_status("paused"));
}
