// How new runs are made.
#include "engine/drive/births.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

/// An entropy that gives only zeros.
class no_entropy final : public stet::entropy {
 public:
  std::uint64_t bits() noexcept override { return 0; }
  std::uint64_t secret_bits() noexcept override { return 0; }
};

}  // namespace

TEST_CASE("what its first record doesn't say is filled in") {
  parts p;
  p.define("sleeper", &sleep_a_day, "2");
  auto a = p.start("a"), b = p.start("b");
  CHECK(a->state.version == "2");
  CHECK(a->state.started == p->time.now());
  CHECK(a->state.seed[0] != b->state.seed[0]);
  CHECK(!(a->state.secret == hash_key{}));
  CHECK(!(a->state.secret == b->state.secret));
  CHECK(a->revived);
  CHECK(p->runs.agenda.size() == 2);
}

TEST_CASE("a run has a secret and a seed of its own, also where an entropy gives none") {
  no_entropy none;
  services s(stet::memory::open(), {.threads = 0, .entropy = &none});
  parts p;
  births b(s, p->time, p->runs, p->recorder, p->drive.entry);
  auto arguments = bytes_of(std::tuple<>{});
  auto first = b.create(p.start_of("a", "sleeper", arguments));
  auto second = b.create(p.start_of("b", "sleeper", arguments));
  CHECK(!(first->state.secret == hash_key{}));
  CHECK(!(first->state.secret == second->state.secret));
  CHECK(first->state.seed[1] != second->state.seed[1]);
}

TEST_CASE("a run that begins later isn't driven now, and is woken then") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto start = p.start_of("a", "sleeper", arguments);
  start.begins_at = p->time.now() + 500;
  bool begun = false;
  auto r = p->drive.births.create(start, false, [&](resident&, const record&) { begun = true; });
  CHECK(!begun);
  CHECK(p->runs.agenda.empty());
  CHECK(p->time.timers.next_due() == start.begins_at);
  CHECK(r->state.undriven == 1);
}

TEST_CASE("a start that is suspected is recorded first, and driven in a turn of its own") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  p->runs.suspects.add_start(checksum_of("a"));
  bool begun = false;
  auto begin = [&](resident&, const record&) { begun = true; };
  auto r = p->drive.births.create(p.start_of("a", "sleeper", arguments), false, begin);
  CHECK(!begun);
  CHECK(p->runs.suspects.has_code_of(r->state.run));
  CHECK(p->runs.agenda.size() == 1);
}

TEST_CASE("a start that can't be sealed leaves the id to the run that had it") {
  auto key = std::make_shared<fragile_transform>();
  parts p(stet::memory::open(), {.transforms = {key}});
  auto before = p.start("a")->state.run;
  key->broken = true;
  CHECK_THROWS_AS((void)p.start("a"), users_exception);
  CHECK_THROWS_AS((void)p.start("b"), users_exception);
  CHECK(p->runs.table.latest("default", "a") == before);
  CHECK(!p->runs.table.latest("default", "b"));
  CHECK(p->runs.table.all().size() == 1);
}

TEST_CASE("a new run takes over its id") {
  parts p;
  (void)p.start("a");
  auto second = p.start("a")->state.run;
  CHECK(p->runs.table.latest("default", "a") == second);
}
