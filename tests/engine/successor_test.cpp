// The run that continues another one.
#include "engine/drive/successor.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};
inline constexpr stet::promise<int> Answer{"answer"};

stet::task<int> chain(stet::context& ctx, int left) {
  auto answer = ctx.promise(Answer);
  co_await ctx.receive(Go);
  if (left == 0) co_return 1;
  co_return co_await ctx.continue_as_new(Chain, left - 1);
}

/// A transform that seals the payload `refused` once, and can't seal it again.
class picky_transform final : public stet::payload_transform {
 public:
  std::string_view name() const noexcept override { return "picky"; }
  std::optional<std::string> seal(std::string_view plain, const stet::payload_place&) override {
    if (plain == refused && ++seen > 1) throw std::runtime_error("no key");
    return std::string(plain);
  }
  std::string open(std::string_view sealed, const stet::payload_place&, std::size_t) override {
    return std::string(sealed);
  }
  std::string refused = "nothing";
  int seen = 0;
};

/// A run that was driven until it waits for its signal.
struct fixture {
  fixture() {
    p.define("chain", &chain);
    r = p.start("a", "chain", 1);
    p.settle();
  }
  void send(std::string_view name, int n = 1) {
    auto payload = bytes_of(n);
    p->recorder.post_event(*r, event_named(record_kind::signal, name, payload));
  }
  run_lease next() { return p->runs.table.load(r->state.next); }
  std::shared_ptr<picky_transform> key = std::make_shared<picky_transform>();
  parts p{stet::memory::open(), {.transforms = {key}}};
  run_lease r;
};

}  // namespace

TEST_CASE("the next run has the id from now on, and both know each other") {
  fixture f;
  f.send("go");
  f.p.settle();
  REQUIRE(f.r->state.next);
  auto next = f.next();
  CHECK(f.r->state.status == stet::status::continued_as_new);
  CHECK(next->state.previous == f.r->state.run);
  CHECK(next->state.first == f.r->state.run);
  CHECK(next->state.id == "a");
  CHECK(f.p->runs.table.latest("default", "a") == next->state.run);
}

TEST_CASE("what a run was sent and hasn't read goes over, in its order") {
  fixture f;
  for (auto name : {"other", "go", "other", "go"}) f.send(name);
  f.p.settle();  // the next run reads a "go", too
  REQUIRE(f.r->state.next);
  auto next = f.next();
  CHECK(f.p.count(*next, record_kind::signal) == 3);
  CHECK(next->state.status == stet::status::completed);
  std::vector<std::string> names;
  f.p->runs.history.for_each(*next, [&](const record& rec) {
    if (rec.kind == record_kind::signal) names.emplace_back(rec.name);
  });
  CHECK(names == std::vector<std::string>{"other", "other", "go"});
}

TEST_CASE("an answer to a promise that the run hasn't seen is reported: no code will read it") {
  fixture f;
  f.send("go");
  record e;
  auto one = bytes_of(1);
  e.kind = record_kind::promise_resolved;
  e.command = command_number(1);
  e.payload = one;
  f.p->recorder.post_event(*f.r, e);
  f.p.settle();
  CHECK(f.p.heard.heard("before it saw the answer to its promise 'answer'"));
}

TEST_CASE("where the next run can't be recorded, the run that would continue stalls as it was") {
  fixture f;
  SUBCASE("its arguments stand in the end of this one, and then in its start") {
    f.key->refused = bytes_of(std::tuple<int>(0));
    f.send("go");
  }
  SUBCASE("what is handed over was sealed for this one, and then for it") {
    f.key->refused = bytes_of(2);
    f.send("go");
    f.send("other", 2);
  }
  auto undriven = f.r->state.undriven;
  auto run = f.r->state.run;
  f.p.settle();
  CHECK(f.r->state.open());
  CHECK(f.r->state.stalled);
  CHECK(f.p->runs.texts.outcome(f.r->state).find("no key") != std::string::npos);
  CHECK(!f.r->state.next);
  CHECK(f.r->state.undriven == undriven);
  CHECK(f.p->runs.table.latest("default", "a") == run);
  CHECK(f.p->runs.table.all().size() == 1);
}

TEST_CASE("a run that doesn't continue has no successor") {
  parts p;
  auto r = p.start("a");
  REQUIRE(p->drive.frames.ensure_frame(*r));
  CHECK(p->drive.successor.begin(*r, ""));
  CHECK(p->runs.table.all().size() == 1);
}
