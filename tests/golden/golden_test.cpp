// Today's code finishes stores that a Stet of each format has written, with the right results.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <stet/check.hpp>
#include <stet/open.hpp>

#include "chains.hpp"
#include "keys/keys.hpp"
#include "tests/support/stores.hpp"
#include "tests/support/world.hpp"
#include "workflows.hpp"

using namespace stet_tests;
using namespace stet_golden;
namespace fs = std::filesystem;

namespace {

/// Unpacks tests/golden/format-N-SET-SCHEME.tar.gz. Returns an empty text if this machine can't
/// read that store.
std::string unpacked(const std::string& scheme, const temporary_directory& dir,
                     const std::string& set = "") {
  const std::string archive =
      std::string(STET_GOLDEN_STORES) + "/format-1-" + set + scheme + ".tar.gz";
  if (!fs::exists(archive)) return {};
  if (scheme == "lmdb" && ::sysconf(_SC_PAGESIZE) != 4096) return {};  // the size of LMDB's pages
  REQUIRE(std::system(("tar -xzf '" + archive + "' -C '" + dir.path() + "'").c_str()) == 0);
  return dir / "store";
}

/// Today's engine on a store; the outside world is open now.
struct today {
  explicit today(std::unique_ptr<stet::store> s)
      : engine(std::move(s), {.threads = 0,
                              .transforms = transforms(),
                              .clock = &clock,
                              .entropy = &entropy,
                              .listener = &heard}) {
    define_all(engine, open);
    clock.advance(2h);  // later than the stores were made
    engine.start();
    engine.run_until_idle();
  }
  void finish() {
    for (int n = 0; n < 100; ++n) {
      clock.advance(30min);
      engine.run_until_idle();
    }
  }
  outside open{true};
  fake_clock clock;
  seeded_entropy entropy;
  recorder heard;
  stet::engine engine;
};

void check_results(stet::engine& e) {
  auto result_of = [&](const auto& w, const std::string& id) {
    auto run = e.find(w, id);
    REQUIRE_MESSAGE(run, id);
    REQUIRE_MESSAGE(run->wait_for(0ms), id);
    return run->result();
  };
  for (auto& [id, wanted] : numbers) {
    CAPTURE(id);
    CHECK((id == "count"                                         ? result_of(Count, id)
           : id == "messenger"                                   ? result_of(Messenger, id)
           : id == "late"                                        ? result_of(Late, id)
           : id == "keeper"                                      ? result_of(Keeper, id)
           : id.starts_with("parent") && id.find('/') == id.npos ? result_of(Parent, id)
                                                                 : result_of(Steps, id)) == wanted);
  }
  for (auto& [id, wanted] : texts) {
    CAPTURE(id);
    CHECK((id == "served"    ? result_of(Served, id)
           : id == "cart"    ? result_of(Cart, id)
           : id == "publish" ? result_of(Publish, id)
           : id == "patched" ? result_of(Patched, id)
           : id == "moved"   ? result_of(Moved, id)
           : id == "sealed"  ? result_of(Sealed, id)
                             : result_of(Travel, id)) == wanted);
  }
  CHECK(result_of(Transfer, "transfer") == 70);
  CHECK(what_throws([&] { result_of(Refused, "refused"); }).says("never"));
  CHECK(what_throws([&] { result_of(Steps, "cancelled"); }).says("not wanted"));
  CHECK(what_throws([&] { result_of(Steps, "terminated"); }).says("now"));
  CHECK(!e.find(Steps, "gone"));
  CHECK(e.in("other").find(Steps, "steps-1")->result() == 1);
  CHECK(e.find(Cart, "cart")->update(Ship, {.id = "ship-1"}, "ann") == "parcel to ann");
  e.transact([](stet::transaction& tx) {
    CHECK(tx.get(Accounts, "ann") == 70);
    CHECK(tx.get(Accounts, "bob") == 30);
  });
  CHECK(e.admin().count("Customer = 'ann' AND Cents > 50") == 6);
  CHECK(e.admin().count("ExecutionStatus = 'Running'") == 0);
}

}  // namespace

TEST_CASE("golden stores are whole, and today's code finishes what they hold") {
  if (transforms().empty()) {
    MESSAGE("skipped: some of their payloads are sealed, which this build can't open");
    return;
  }
  int found = 0;
  for (auto& kind : kinds_in_files()) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    const auto path = unpacked(kind.scheme, dir);
    if (path.empty()) {
      MESSAGE("skipped: no golden store of ", kind.scheme, " for this machine");
      continue;
    }
    ++found;
    {
      auto s = kind.open(path);
      const auto report = stet::check(*s);
      CHECK_MESSAGE(report.ok(), report.problem_count);
      CHECK(report.blocks > 0);
      CHECK(report.open_runs > 10);
      s->close();
    }
    today now(kind.open(path));
    std::string token;
    for (auto& r : now.engine.admin().list("WorkflowType = 'publish'").runs) token = r.details;
    CHECK(now.engine.resolve(Review, token, true));
    now.engine.signal("cart", Close);
    now.finish();
    check_results(now.engine);
    now.engine.close();
    CHECK(stet::check(*kind.open(path)).ok());
  }
  CHECK(found > 0);
}

TEST_CASE("golden stores of chains whose first links are gone, under a clock that was set") {
  for (auto& kind : kinds_in_files()) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    const auto path = unpacked(kind.scheme, dir, "chains-");
    if (path.empty()) {
      MESSAGE("skipped: no golden store of ", kind.scheme, " for this machine");
      continue;
    }
    {
      auto s = kind.open(path);
      const auto report = stet::check(*s);
      CHECK_MESSAGE(report.ok(), report.problem_count);
      namespace keys = stet::detail::keys;
      CHECK(s->get(keys::clock()));
      int sent = 0;
      const auto from = keys::all(keys::space::sent);
      stet::scan(*s, {from, keys::end_of(from)}, [&](auto, auto) { return ++sent > 0; });
      CHECK(sent == 3);  // "ten", "pay-1", and the entry of the link
      s->close();
    }
    fake_clock clock;
    seeded_entropy entropy;
    recorder heard;
    const second_outside open{.is_open = true};
    auto pass = [&](stet::engine& e, stet::duration d) {
      clock.advance(d);
      e.run_until_idle();
    };
    stet::engine e(kind.open(path), {.threads = 0,
                                     .retention = kept * 100,
                                     .clock = &clock,
                                     .entropy = &entropy,
                                     .listener = &heard});
    define_chains(e, open);
    clock.advance(160min);  // when the second life was killed
    e.start();
    e.run_until_idle();
    // 125 minutes passed in the first life, 35 in the second.
    CHECK(e.find(Slow, "slow")->result() == 2);
    CHECK(e.find(Sleeper, "sleeper")->status() == stet::status::running);
    CHECK(e.find(Slow, "slow-2")->status() == stet::status::running);
    e.signal("sum", Term, 10, {.idempotency_key = "ten"});  // an earlier link has got it
    e.signal("sum", Term, 7, {.idempotency_key = "seven"});
    e.signal("sum", Term, 1, {.idempotency_key = "one"});  // that link and its signals were erased
    e.run_until_idle();
    CHECK(e.find(Sum, "sum")->update(Pay, {.id = "pay-1"}, 5) == 16);
    e.signal("sum", Term, -1);
    e.run_until_idle();
    CHECK(e.find(Sum, "sum")->result() == 24);
    CHECK(e.resolve(Answer, std::string(e.admin().describe("asks").value().details), "yes"));
    pass(e, 75min);
    CHECK(e.find(Sleeper, "sleeper")->status() == stet::status::running);
    pass(e, 20min);
    CHECK(e.find(Sleeper, "sleeper")->result() == 4);
    CHECK(e.find(Slow, "slow-2")->result() == 2);
    CHECK(e.find(Stubborn, "stubborn")->result() == 3);
    CHECK(e.find(Stubborn, "stubborn-2")->result() == 3);
    CHECK(e.find(Asks, "asks")->result() == "yes");
    e.close();
    CHECK(stet::check(*kind.open(path)).ok());
  }
}

TEST_CASE("a store of a newer format is refused, untouched, and by name [S197]") {
  for (auto& kind : all_kinds()) {
    CAPTURE(kind.scheme);
    temporary_directory dir;
    auto s = kind.open(dir / "s");
    stet::batch b;
    b.put("m format", "2");
    s->commit(b, stet::durability::sync);
    s->close();
    s.reset();
    const auto said = what_throws([&] { today now(kind.open(dir / "s")); });
    CHECK(said.code == stet::errc::store);
    CHECK_MESSAGE(said.says("format '2', this build knows format 1"), said.text);
    auto again = kind.open(dir / "s");
    CHECK(again->get("m format") == "2");
    std::size_t keys = 0;
    stet::scan(*again, {}, [&](std::string_view, std::string_view) { return ++keys > 0; });
    CHECK(keys == 1);
  }
}
