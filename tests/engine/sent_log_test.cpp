// How a chain remembers what its earlier runs were sent.
#include "engine/runs/sent_log.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};

stet::task<int> chain(stet::context& ctx, int left) {
  auto n = co_await ctx.receive(Go);
  if (left == 0) co_return n;
  co_return co_await ctx.continue_as_new(Chain, left - 1);
}

/// Makes a run that was sent a signal with this key (or without one, if it is empty), and that
/// continues as new.
run_number one_link(parts& p, std::string_view key) {
  p.define("chain", &chain);
  auto r = p.start("a", "chain", 1);
  auto one = bytes_of(1);
  auto e = event_named(record_kind::signal, "go", one);
  e.target = key;
  p->recorder.post_event(*r, e);
  r = {};
  p.settle();
  auto run = p->runs.finder.must_find({0, "default", "a"})->state.run;
  REQUIRE(p->runs.finder.must_find({0, "default", "a"})->state.previous);
  return run;
}

run_number sent_before(parts& p, run_number run, std::string_view key) {
  auto r = p->runs.table.load(run);
  return p->runs.sent.sent_before(*r, keys::sent_kind::signal, key);
}

}  // namespace

TEST_CASE("a run knows what the run before it was sent") {
  parts p;
  auto run = one_link(p, "k");
  auto previous = p->runs.table.load(run)->state.previous;
  CHECK(sent_before(p, run, "k") == previous);
  CHECK(!sent_before(p, run, "other"));
  CHECK(!sent_before(p, previous, "k"));  // it has no run before it
}

TEST_CASE("a run that was sent nothing with a key leaves no entries, and its history is asked") {
  parts p;
  auto run = one_link(p, "");
  CHECK(!sent_before(p, run, "k"));
  auto r = p->runs.table.load(run);
  REQUIRE(r->sent_before);  // the history was read
  CHECK(r->sent_before->empty());
}

TEST_CASE("what an erased run was sent is known no longer") {
  parts p;
  auto run = one_link(p, "k");
  auto previous = p->runs.table.load(run)->state.previous;
  SUBCASE("by its history") {
    auto r = p->runs.table.load(previous);
    p->runs.sent.forget(*r);
  }
  SUBCASE("though its history can't be read") {
    p.put_away(previous);
    p.write(keys::history(previous, 0), "nonsense");
    auto r = p->runs.table.load(previous);
    p->runs.sent.forget(*r);
  }
  SUBCASE("though nothing is known of it but its number") { p->runs.sent.forget(previous); }
  auto first = p->runs.table.load(run)->state.first;
  CHECK(!p->runs.table.load(run)->sent_before);
  sent_keys stored(p->services.store);
  while (p->commit.commit()) {}
  CHECK(!stored.latest(first, keys::sent_kind::signal, "k"));
  CHECK(!stored.has_all(first, previous));
}
