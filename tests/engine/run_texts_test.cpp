// The payloads of a run's state, opened.
#include "engine/runs/run_texts.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

/// A run whose payloads are sealed by a transform that may break.
struct fixture {
  fixture() : p(stet::memory::open(), {.transforms = {key}}), r(p.start("a")) {}
  void end(std::string_view why) {
    auto e = event_named(record_kind::terminated, why);
    p->recorder.append_note(*r, e);
  }
  std::shared_ptr<fragile_transform> key = std::make_shared<fragile_transform>();
  parts p;
  run_lease r;
};

}  // namespace

TEST_CASE("why a run has ended is opened, or it is said that it can't be") {
  fixture f;
  f.end("because");
  auto& texts = f.p->runs.texts;
  CHECK(f.r->state.outcome != "because");  // it is sealed
  CHECK(texts.outcome(f.r->state) == "because");
  f.key->broken = true;
  CHECK(texts.outcome(f.r->state).find("no key") != std::string::npos);
}

TEST_CASE("a caller that needs a stalled run is told its id, and why") {
  fixture f;
  f.p->recorder.append_note(*f.r, event_named(record_kind::stalled, "because"));
  auto e = f.p->runs.texts.stalled_error(f.r->state);
  CHECK(e.code() == stet::errc::run_stalled);
  CHECK(std::string(e.what()) == "the run 'a' is stalled: because");
}

TEST_CASE("a result that can't be opened is an error: a caller must not take a text for it") {
  fixture f;
  auto seven = bytes_of(7);
  f.p->recorder.append_note(*f.r, event_named(record_kind::completed, "", seven));
  CHECK(f.p->runs.texts.result(f.r->state) == seven);
  f.key->broken = true;
  CHECK_THROWS_WITH_AS((void)f.p->runs.texts.result(f.r->state), doctest::Contains("no key"),
                       stet::error);
}

TEST_CASE("progress that can't be opened is reported, and is as if there were none") {
  fixture f;
  auto& texts = f.p->runs.texts;
  pending step;
  CHECK(texts.progress(f.r->state, step).empty());
  CHECK(texts.last_error(f.r->state, step).empty());
  auto said = event_named(record_kind::progress, "", "half");
  said.command = step.command = command_number(1);
  kept_texts kept;
  f.p->services.payloads.seal(said, owner_of(f.r->state), 1, kept);
  step.more = std::make_unique<pending::details>();
  step.more->progress = said.payload;
  CHECK(texts.progress(f.r->state, step) == "half");
  CHECK(f.p.heard.problems().empty());
  f.key->broken = true;
  CHECK(texts.progress(f.r->state, step).empty());
  CHECK(f.p.heard.heard("no key"));
}

TEST_CASE("of a run without a description nothing is told") {
  fixture f;
  f.r->state.about.reset();
  auto [memo, details] = f.p->runs.texts.memo_and_details(f.r->state);
  CHECK(memo.empty());
  CHECK(details.empty());
}
