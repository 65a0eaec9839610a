// How the reports of an engine get to the user's listener.
#include "engine/services/reporter.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <stet/test_doubles.hpp>

using namespace stet::detail;

namespace {

/// A listener that throws from each of its functions.
class deaf final : public stet::listener {
 public:
  void log(std::string_view, std::string_view) override { throw std::runtime_error("deaf"); }
  void event(const stet::engine_event&) override { throw std::runtime_error("deaf"); }
};

class old_style final : public stet::listener {
 public:
  void problem(std::string_view text) override { heard.emplace_back(text); }
  std::vector<std::string> heard;
};

}  // namespace

TEST_CASE("what a listener throws is dropped, and said once") {
  deaf none;
  old_style complaints;
  reporter lost(none, &complaints);
  lost.log("a", "b");
  lost.report(stet::event_kind::store_damaged, "c");
  REQUIRE(complaints.heard.size() == 1);
  CHECK(complaints.heard.front().find("dropped, and so are later ones: deaf") != std::string::npos);
}

TEST_CASE("a thread knows that it is inside a listener") {
  struct : stet::listener {
    void log(std::string_view, std::string_view) override {
      inside = reporter::is_in_listener();
      throw 1;
    }
    bool inside = false;
  } asks;
  reporter outer(asks), outermost(static_cast<stet::listener&>(outer));
  outermost.log("a", "b");
  CHECK(asks.inside);
  CHECK(!reporter::is_in_listener());
}

TEST_CASE("a text becomes one line, and the names stay as they are") {
  struct : stet::listener {
    void event(const stet::engine_event& e) override {
      text = e.text;
      id = e.workflow_id;
      step = e.step;
      run = e.run;
      kind = e.kind;
    }
    std::string text, id, step;
    std::uint64_t run = 0;
    stet::event_kind kind{};
  } heard;
  reporter told(heard);
  run_state s;
  s.id = "two\nlines";
  s.run = run_number(7);
  told.report(stet::event_kind::body_overdue, "late\nstep", s, "ch\narge");
  CHECK(heard.text.find('\n') == std::string::npos);
  CHECK(heard.id == "two\nlines");
  CHECK(heard.step == "ch\narge");
  CHECK(heard.run == 7);
  CHECK(heard.kind == stet::event_kind::body_overdue);
}

TEST_CASE("a listener that only takes texts gets the text of each event") {
  old_style heard;
  reporter told(heard);
  told.report_failure(stet::event_kind::engine_stopped, "it failed: ", "because");
  REQUIRE(heard.heard.size() == 1);
  CHECK(heard.heard.front() == "it failed: because");
}

TEST_CASE("each kind of event has a name of its own") {
  std::vector<std::string_view> names;
  for (int k = 0;; ++k) {
    auto name = stet::to_text(static_cast<stet::event_kind>(k));
    if (name == "unknown") break;
    for (auto other : names) CHECK(name != other);
    names.push_back(name);
  }
  CHECK(names.size() == 16);
}
