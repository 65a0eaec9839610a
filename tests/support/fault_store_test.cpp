#include "fault_store.hpp"

#include <doctest/doctest.h>

#include <stet/memory.hpp>

#include "tests/conformance/conformance.hpp"
#include "tests/conformance/support.hpp"

using namespace stet_conformance;
using namespace stet_tests;
using stet::errc;

namespace {

struct place {
  std::shared_ptr<stet::memory::contents> contents = stet::memory::make_contents();
  std::shared_ptr<faults> plan = std::make_shared<faults>();
  std::unique_ptr<stet::store> open() const {
    return std::make_unique<fault_store>(stet::memory::open(contents), plan);
  }
};

}  // namespace

TEST_CASE("a fault store keeps the contract of a store, that of failing included") {
  place p;
  int n = 0;
  constexpr fault all[] = {fault::refused, fault::unknown_applied, fault::unknown_lost};
  check({.name = "fault",
         .open = [&] { return p.open(); },
         .fresh = [&] { p = place(); },
         .fail_next_commit = [&] { p.plan->fail_next(store_call::commit, all[n++ % 3]); }});
}

TEST_CASE("a refused commit leaves nothing and may be tried again") {
  place p;
  auto s = p.open();
  p.plan->fail(store_call::commit, 2, fault::refused, 2);
  put(*s, "a", "1");
  CHECK(refused_as(errc::full, [&] { put(*s, "b", "2"); }));
  CHECK(refused_as(errc::full, [&] { put(*s, "b", "2"); }));
  put(*s, "b", "2");
  CHECK(scanned(*s) == pairs{{"a", "1"}, {"b", "2"}});
  CHECK(p.plan->count(store_call::commit) == 4);
  CHECK(p.plan->injected() == 2);
}

TEST_CASE("after an unknown commit every call throws until the store is opened anew") {
  for (fault how : {fault::unknown_applied, fault::unknown_lost}) {
    place p;
    auto s = p.open();
    p.plan->fail_next(store_call::commit, how);
    auto e = error_of([&] { put(*s, "a", "1"); });
    REQUIRE(e);
    CHECK(e->outcome() == stet::commit_outcome::unknown);
    CHECK(fails_as(errc::store, [&] { (void)s->get("a"); }));
    CHECK(fails_as(errc::store, [&] { put(*s, "b", "2"); }));
    s->close();
    s = p.open();
    CHECK(s->get("a").has_value() == (how == fault::unknown_applied));
    put(*s, "b", "2");
  }
}

TEST_CASE("reads fail as planned, for ever if so planned, until healed") {
  place p;
  auto s = p.open();
  p.plan->fail_next(store_call::get, fault::refused, faults::for_ever);
  p.plan->fail_next(store_call::scan, fault::refused);
  for (int i = 0; i < 5; ++i) CHECK(fails_as(errc::store, [&] { (void)s->get("a"); }));
  CHECK(fails_as(errc::store, [&] { (void)scanned(*s); }));
  CHECK(scanned(*s).empty());
  p.plan->heal();
  CHECK(!s->get("a"));
}

TEST_CASE("a hook sees every operation before and after, and what it throws passes") {
  place p;
  auto s = p.open();
  std::string seen;
  p.plan->set_hook([&](store_call what, moment when, std::uint64_t number) {
    seen += "gsc"[static_cast<int>(what)];
    seen += (when == moment::before ? "<" : ">") + std::to_string(number) + " ";
    if (number == 2) throw 42;
  });
  put(*s, "a", "1");
  (void)s->get("a");
  (void)scanned(*s);
  CHECK(seen == "c<1 c>1 g<1 g>1 s<1 s>1 ");
  CHECK_THROWS_AS(put(*s, "b", "2"), int);
  p.plan->set_hook(nullptr);
  CHECK(!s->get("b"));
}
