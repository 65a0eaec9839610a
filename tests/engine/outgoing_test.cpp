// The requests of a run to other runs.
#include "engine/drive/outgoing.hpp"

#include "carts.hpp"

using namespace stet_tests;

namespace {

/// A run that waits for the answers to its commands, and a request that it makes.
struct fixture {
  explicit fixture(wait_kind k) : q(k, "sleeper", {"x.cpp", 1}) {
    r = p.start("a");
    record c;
    c.kind = record_of(k);
    c.run = r->state.run;
    q.id = 1;
    c.command = command_number(q.id);
    c.name = "x";
    std::string bytes;
    encode(bytes, c);
    p->recorder.record_sealed(*r, bytes);
    REQUIRE(r->state.find(command_number(1)));
  }
  void send() { p->drive.outgoing.send(*r, q); }
  /// The error with which the run's command has failed.
  std::string failed(record_kind k) {
    std::string type;
    p->runs.history.for_each(*r, [&](const record& rec) {
      if (rec.kind == k) type = rec.error_type;
    });
    return type;
  }
  parts p;
  child_request child{"sleeper", {"x.cpp", 1}};
  request q;
  run_lease r;
};

}  // namespace

TEST_CASE("a child begins in a turn of its own, and knows its parent") {
  fixture f(wait_kind::child);
  f.child.id = 1;
  f.child.target = "child";
  f.child.arguments = bytes_of(std::tuple<>{});
  f.p->drive.outgoing.start_child(*f.r, f.child, f.p->journal.new_run_number());
  auto child = f.p->runs.table.load(f.p->runs.table.latest("default", "child"));
  REQUIRE(child);
  CHECK(child->state.parent == f.r->state.run);
  CHECK(child->state.parent_command == command_number(1));
  CHECK(child->state.undriven == 1);
  CHECK(f.failed(record_kind::child_failed).empty());
}

TEST_CASE("a child that can't be started is told its parent, and isn't there") {
  auto type = std::string();
  fixture f(wait_kind::child);
  f.child.id = 1;
  f.child.target = "child";
  auto runs = f.p->runs.table.all().size();
  SUBCASE("there is no such workflow") {
    f.child.name = "unknown";
    type = "stet::unknown_workflow";
  }
  SUBCASE("it has no id") {
    f.child.target = "";
    type = "stet::usage";
  }
  SUBCASE("its id is too long") {
    f.child.target = std::string(201, 'x');
    type = "stet::usage";
  }
  SUBCASE("its id is taken") {
    f.child.target = "a";
    type = "stet::conflict";
  }
  f.p->drive.outgoing.start_child(*f.r, f.child, f.p->journal.new_run_number());
  CHECK(f.failed(record_kind::child_failed) == type);
  CHECK(f.p->runs.table.all().size() == runs);
}

TEST_CASE(
    "a child that is not awaited and can't be started is reported, also after its parent's end") {
  fixture f(wait_kind::child);
  f.child.id = 1;
  f.child.target = "a";
  auto try_it = [&] {
    f.p->drive.outgoing.start_child(*f.r, f.child, f.p->journal.new_run_number());
    return f.p.heard.heard(stet::event_kind::child_not_started);
  };
  SUBCASE("it is awaited") { CHECK(!try_it()); }
  SUBCASE("it is not") {
    f.child.detached = true;
    CHECK(try_it());
    CHECK(f.failed(record_kind::child_failed) == "stet::conflict");
    CHECK(f.p.heard.heard("'a' already"));
  }
  SUBCASE("its parent has ended") {
    f.child.detached = true;
    f.p->drive.ending.terminate(*f.r, "enough");
    CHECK(try_it());
    CHECK(!f.p.heard.heard(stet::event_kind::answer_unread));
  }
}

TEST_CASE("a signal reaches its run, and its sender is told") {
  fixture f(wait_kind::message);
  auto b = f.p.start("b");
  f.q.target = "b";
  f.send();
  CHECK(f.p.count(*b, record_kind::signal) == 1);
  CHECK(f.p.count(*f.r, record_kind::message_done) == 1);
}

TEST_CASE("a request to end reaches its run") {
  fixture f(wait_kind::message);
  auto b = f.p.start("b");
  f.q.target = "b";
  f.q.flags = flag::message::asks_to_end;
  f.send();
  CHECK(b->state.cancel_requested);
  CHECK(f.p.count(*f.r, record_kind::message_done) == 1);
}

TEST_CASE("an update is answered later, by the run that it is for") {
  fixture f(wait_kind::message);
  auto b = f.p.start("b");
  f.q.target = "b";
  f.q.flags = flag::message::calls;
  f.send();
  CHECK(b->state.open_updates == 1);
  CHECK(f.r->state.find(command_number(1)));
  CHECK(f.p.count(*f.r, record_kind::message_done) == 0);
}

TEST_CASE("a message for nobody fails, and says why") {
  fixture f(wait_kind::message);
  auto b = f.p.start("b");
  auto type = std::string("stet::not_found");
  SUBCASE("no such run") { f.q.target = "nobody"; }
  SUBCASE("no id") { f.q.target = ""; }
  SUBCASE("no id is so long") { f.q.target = std::string(201, 'x'); }
  SUBCASE("it has ended") {
    f.q.target = "b";
    f.p->drive.ending.terminate(*b, "");
    type = "stet::run_ended";
  }
  SUBCASE("it can't be read") {
    auto run = b->state.run;
    b = {};
    f.p.damage(run);
    f.q.target = "b";
    type = "stet::error";
  }
  f.send();
  CHECK(f.failed(record_kind::message_failed) == type);
}

TEST_CASE("a sender that has ended is told nothing, but the message is sent") {
  fixture f(wait_kind::message);
  auto b = f.p.start("b");
  f.q.target = "b";
  f.p->drive.ending.terminate(*f.r, "");
  auto records = f.r->state.records;
  f.send();
  CHECK(f.p.count(*b, record_kind::signal) == 1);
  CHECK(f.r->state.records == records);
}

TEST_CASE("an entity that is called for the first time is begun, by a call alone") {
  fixture f(wait_kind::message);
  define_cart(f.p);
  f.q.target = "cart/ann";
  f.q.flags = flag::message::calls;
  f.send();
  CHECK(f.p->runs.table.latest("default", "cart/ann"));
  fixture g(wait_kind::message);
  define_cart(g.p);
  g.q.target = "cart/ann";
  g.send();
  CHECK(!g.p->runs.table.latest("default", "cart/ann"));
}
