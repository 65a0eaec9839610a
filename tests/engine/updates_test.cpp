// Updates that are sent to a run from outside.
#include "engine/calls/updates.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::update<int(int)> Later{"later"}, Twice{"twice"};

void refuse_odd(int n) {
  if (n % 2 != 0) throw std::runtime_error("odd");
}

stet::task<int> updated(stet::context& ctx) {
  auto twice = ctx.on(Twice, &refuse_odd, [](int n) { return 2 * n; });
  auto later = ctx.on(Later, [](stet::context& c, int n) -> stet::task<int> {
    co_await c.receive(Go);
    co_return n;
  });
  co_await ctx.sleep(std::chrono::hours(1));
  co_return 1;
}

struct fixture {
  fixture() {
    p.define("updated", &updated);
    r = p.start("a", "updated");
    p.settle();
  }
  void go() {
    auto one = bytes_of(1);
    p->recorder.post_event(*r, event_named(record_kind::signal, "go", one));
    p.settle();
  }
  parts p;
  run_lease r;
};

/// Sends an update.
struct sent {
  sent(fixture& f, std::string_view name, std::string id, int n = 2,
       update_stage until = update_stage::answered)
      : request{name, std::move(id), bytes_of(std::tuple<int>(n))},
        call({0, "default", "a"}, request, until) {
    lsn = call.perform(f.p.calls);
  }
  update_request request;
  update_call call;
  std::optional<record_lsn> lsn;
};

}  // namespace

TEST_CASE("an update is answered, and the answer depends on its record") {
  fixture f;
  sent u(f, "twice", "1");
  CHECK(!u.lsn);  // the drive has answered it
  (void)f.p->commit.commit();
  CHECK(u.call.is_done());
  CHECK(u.call.outcome.answered);
  CHECK(u.call.outcome.payload == bytes_of(4));
  CHECK(f.r->updaters.empty());
}

TEST_CASE("an update that comes again is known, while it runs and after") {
  fixture f;
  sent first(f, "later", "1"), second(f, "later", "1");
  CHECK(f.r->updaters.size() == 2);
  CHECK(f.p.count(*f.r, record_kind::update) == 1);
  f.go();
  CHECK(first.call.is_done());
  CHECK(second.call.is_done());
  sent third(f, "later", "1", 99);
  CHECK(third.lsn == f.r->last_lsn);
  CHECK(third.call.outcome.payload == bytes_of(2));
  CHECK(f.p.count(*f.r, record_kind::update) == 1);
}

TEST_CASE("who doesn't wait for the answer gets that it was accepted, and a name for it") {
  fixture f;
  sent u(f, "later", "", 2, update_stage::accepted), v(f, "later", "", 2, update_stage::accepted);
  CHECK(u.lsn);
  CHECK(!u.call.outcome.answered);
  CHECK(u.call.outcome.id.size() == 32);
  CHECK(u.call.outcome.id != v.call.outcome.id);
  CHECK(f.r->updaters.empty());
  sent attached(f, "later", u.call.outcome.id, 2, update_stage::attached);
  CHECK(f.r->updaters.size() == 1);
  f.go();
  CHECK(attached.call.is_done());
}

TEST_CASE("what the validator refuses has not happened") {
  fixture f;
  auto records = f.r->state.records;
  CHECK_THROWS_AS(sent(f, "twice", "1", 3), users_exception);
  CHECK_THROWS_AS(sent(f, "unknown", "1"), users_exception);
  CHECK(f.r->state.records == records);
  CHECK(f.r->updaters.empty());
}

TEST_CASE("an update that was never sent can't be waited for") {
  fixture f;
  CHECK_THROWS_WITH_AS(sent(f, "twice", "1", 2, update_stage::attached),
                       doctest::Contains("has had no update '1'"), stet::error);
}

TEST_CASE("an id of an update isn't one of a call, and has at most 200 bytes") {
  fixture f;
  CHECK_THROWS_WITH_AS(sent(f, "twice", call_id({run_number(1), command_number(1)})),
                       doctest::Contains("stet:"), stet::error);
  CHECK_THROWS_AS(sent(f, "twice", std::string(201, 'x')), stet::error);
}

TEST_CASE("a run that has ended tells what it had answered, and takes no more") {
  fixture f;
  sent known(f, "twice", "1");
  f.p->drive.ending.terminate(*f.r, "");
  sent again(f, "twice", "1", 2, update_stage::attached);
  CHECK(again.call.outcome.payload == bytes_of(4));
  CHECK_THROWS_WITH_AS(sent(f, "twice", "2"), doctest::Contains("has ended"), stet::error);
}

TEST_CASE("an update that can't be recorded is waited for by nobody") {
  auto key = std::make_shared<fragile_transform>();
  parts p(stet::memory::open(), {.transforms = {key}});
  p.define("updated", &updated);
  auto r = p.start("a", "updated");
  p.settle();
  key->broken = true;
  update_request q{"twice", "1", bytes_of(std::tuple<int>(2))};
  update_call c({0, "default", "a"}, q, update_stage::answered);
  CHECK_THROWS_AS((void)c.perform(p.calls), users_exception);
  CHECK(r->updaters.empty());
}
