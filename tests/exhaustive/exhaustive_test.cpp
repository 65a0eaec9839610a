// All scripts of up to three operations, with a crash before and after each commit; with coroutines
// that stay in memory, and with coroutines rebuilt for every event.
//
// STET_EXHAUSTIVE_LENGTH is the length of the scripts: by default 3, or 1 with a store in a file.
// STET_EXHAUSTIVE_PART=1/2 plays the first half of them.
#include <cstdio>
#include <cstdlib>

#include <stet/check.hpp>

#include "tests/exhaustive/scripts.hpp"

using namespace stet_tests;

namespace {

std::size_t number(const char* text, std::size_t otherwise) {
  return text ? static_cast<std::size_t>(std::atoi(text)) : otherwise;
}

/// The part of the scripts that this process plays.
struct part {
  std::size_t index = 0, of = 1;
  part() {
    if (auto* text = std::getenv("STET_EXHAUSTIVE_PART"))
      if (std::sscanf(text, "%zu/%zu", &index, &of) == 2) --index;
  }
};

void check_script(world& w, const std::string& script, const std::string& outcome, death d) {
  auto wrong = verdict(script, outcome, w.done, d.happened);
  CHECK_MESSAGE(wrong.empty(), wrong);
  CHECK(w.engine().admin().open_runs().empty());
  std::map<std::string, int> expected;
  for (std::size_t i = 0; i < script.size(); ++i)
    if (script[i] == operation::transact) expected[std::to_string(i)] = 1;  // and never 2
  auto info = w.engine().admin().describe("p");
  CHECK(info->status == stet::status::completed);
  w.plan->heal();
  CHECK(written(w.engine()) == expected);
  w.close();
  auto store = w.store();
  auto report = stet::check(*store);
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
}

/// Returns the number of trials.
int play_everywhere(const std::string& script, cell c) {
  INFO("the script ", script);
  std::string outcome;
  return at_every_commit(
      c, define_player,
      [&](world& w) {
        outcome = play(w, script);
        w.close();  // commits as well
        w.reopen();
      },
      [&](world& w, death d) { check_script(w, script, outcome, d); });
}

}  // namespace

TEST_CASE("every short script comes to its end, whichever commit the process dies at") {
  bool in_files = std::getenv("STET_TESTS_FILES") != nullptr;
  auto length = number(std::getenv("STET_EXHAUSTIVE_LENGTH"), in_files ? 1 : 3);
  part mine;
  auto scripts = scripts_up_to(length);
  int trials = 0, played = 0;
  for (std::size_t i = mine.index; i < scripts.size(); i += mine.of, ++played)
    for (std::size_t resident : {std::size_t{0}, std::size_t{100'000}})
      trials += play_everywhere(scripts[i], {.lmdb = in_files, .resident = resident});
  std::printf(
      "%d scripts of up to %zu operations, residency 0 and unlimited: %d crashes, each "
      "followed by a whole life\n",
      played, length, trials);
  CHECK(trials > 10 * played);
}

TEST_CASE("the judge of the scripts can say no") {
  effects none, once, twice;
  once.hit("step 0");
  twice.hit("step 0");
  twice.hit("step 0");
  CHECK(verdict("s", "s", once, 0).empty());
  CHECK(verdict("s", "s", twice, 1).empty());
  CHECK_FALSE(verdict("s", "s", none, 0).empty());
  CHECK_FALSE(verdict("s", "s", twice, 0).empty());
  CHECK_FALSE(verdict("s", "", once, 0).empty());
  CHECK_FALSE(verdict("s", "ss", once, 0).empty());
  CHECK_FALSE(verdict("rr", "r1r0", none, 0).empty());
}
