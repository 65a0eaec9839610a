// copy() copies a whole store or refuses, and runs that began in one store end in its copy.
#include <stet/lmdb.hpp>

#include "busy_store.hpp"

using namespace stet_tests;

namespace {

caught copying(stet::store& from, stet::store& to) {
  return what_throws([&] { stet::copy(from, to); });
}

}  // namespace

TEST_CASE("a copy holds what its source holds, and its runs go on there") {
  for (bool checkpointed : {false, true}) {
    CAPTURE(checkpointed);
    temporary_directory d;
    world w;
    make_busy(w, checkpointed);
    w.crash();
    std::map<std::string, std::string> source;
    {
      auto from = w.store();
      auto to = stet::lmdb::open(d / "copy");
      auto report = stet::copy(*from, *to);
      source = dump_of(*from);
      CHECK(dump_of(*to) == source);
      CHECK(report.keys == source.size());
      CHECK(!report.resumed);
      CHECK(stet::check(*to).ok());
    }
    stet::engine e{stet::lmdb::open(d / "copy"), {.threads = 0, .clock = &w.clock}};
    define_busy(e, w.done);
    e.start();
    for (int hour = 0; hour < 8; ++hour) {
      e.run_until_idle();
      w.clock.advance(1h);
    }
    e.run_until_idle();
    for (int n = 0; n < 6; ++n) {
      if (n != 3) CHECK(e.find(Steps, "steps-" + std::to_string(n))->result() == n);
      CHECK(e.find(Parent, "parent-" + std::to_string(n))->result() == 2 * (n == 3 ? 2 : n));
      for (int i = 0; i < n; ++i)
        CHECK(w.done.of("steps-" + std::to_string(n) + "." + std::to_string(i)) == 1);
    }
    CHECK(e.admin().open_runs({}, 10).empty());
  }
}

TEST_CASE("a copy that is cut short at any commit is refused as a store, and gone on with") {
  world w;
  make_busy(w, true);
  w.close();
  auto from = w.store();
  stet::batch filler;  // enough for several commits
  for (int i = 0; i < 40; ++i) filler.put("x" + std::to_string(i), std::string(100'000, 'x'));
  from->commit(filler, stet::durability::sync);
  auto source = dump_of(*from);
  for (std::uint64_t at = 1;; ++at)
    for (auto how : {fault::unknown_applied, fault::unknown_lost}) {
      CAPTURE(at);
      auto contents = stet::memory::make_contents();
      auto plan = std::make_shared<faults>();
      plan->fail(store_call::commit, at, how);
      bool cut = false;
      {
        fault_store to(stet::memory::open(contents), plan);
        cut = copying(*from, to).code == stet::errc::store;
      }
      if (!cut) {
        CHECK(at > 5);
        return;
      }
      bool begun = !dump_of(*stet::memory::open(contents)).empty();
      bool whole = stet::memory::open(contents)->get("m format").has_value();
      if (begun && !whole) {
        stet::engine e{stet::memory::open(contents), {.threads = 0}};
        auto refused = what_throws([&] { e.start(); });
        CHECK(refused.code == stet::errc::conflict);
        CHECK(refused.text.find("unfinished copy") != std::string::npos);
      }
      auto to = stet::memory::open(contents);
      if (whole) {
        CHECK(copying(*from, *to).code == stet::errc::conflict);
      } else {
        CHECK(stet::copy(*from, *to).resumed == begun);
      }
      CHECK(dump_of(*to) == source);
    }
}

TEST_CASE("if the source has moved on, an interrupted copy begins anew") {
  auto contents = stet::memory::make_contents();
  world w;
  make_busy(w, true);
  w.close();
  {
    auto plan = std::make_shared<faults>();
    plan->fail(store_call::commit, 2, fault::unknown_applied);
    auto from = w.store();
    fault_store to(stet::memory::open(contents), plan);
    CHECK(copying(*from, to).code == stet::errc::store);
  }
  w.reopen();
  w.pass(1h);
  w.close();
  auto from = w.store();
  auto to = stet::memory::open(contents);
  CHECK(!stet::copy(*from, *to).resumed);
  CHECK(dump_of(*to) == dump_of(*from));
}

TEST_CASE("what is no target or no source is refused, and left as it was") {
  world w;
  make_busy(w, true);
  w.close();
  auto from = w.store();
  SUBCASE("a target that holds something") {
    auto to = stet::memory::open();
    stet::batch b;
    b.put("a", "1");
    to->commit(b, stet::durability::sync);
    auto c = copying(*from, *to);
    CHECK(c.code == stet::errc::conflict);
    CHECK(c.text.find("isn't empty") != std::string::npos);
    CHECK(dump_of(*to).size() == 1);
  }
  SUBCASE("an empty source") {
    auto empty = stet::memory::open(), to = stet::memory::open();
    CHECK(copying(*empty, *to).code == stet::errc::corrupt);
    CHECK(dump_of(*to).empty());
  }
  SUBCASE("itself") { CHECK(copying(*from, *from).code == stet::errc::usage); }
  SUBCASE("a target that an engine has open") {
    temporary_directory d;
    stet::engine e{stet::lmdb::open(d / "x"), {.threads = 0}};
    e.start();
    CHECK(what_throws([&] { stet::copy(*from, *stet::lmdb::open(d / "x")); }).code ==
          stet::errc::conflict);
  }
}

TEST_CASE("a copy that reads otherwise than it was written is noticed") {
  /// Drops a bit of every value above some length.
  struct forgetful final : stet::forwarding_store {
    using forwarding_store::forwarding_store;
    void scan(const stet::scan_range& range, stet::visitor& v) override {
      stet::scan(*inner_, range, [&](std::string_view key, std::string_view value) {
        std::string read(value);
        if (read.size() > 100) read[50] = static_cast<char>(read[50] ^ 1);
        return v.visit(key, read);
      });
    }
  };
  world w;
  make_busy(w, true);
  w.close();
  auto from = w.store();
  forgetful to(stet::memory::open());
  auto c = copying(*from, to);
  CHECK(c.code == stet::errc::corrupt);
  CHECK(!to.get("m format"));
}
