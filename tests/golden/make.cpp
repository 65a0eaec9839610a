// make URL [chains]: makes a golden store. Its first engine closes it, its second is killed (see
// workflows.hpp and chains.hpp). It has snapshots, later blocks, and runs that wait for everything
// that a run can wait for.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>

#include "chains.hpp"
#include "tests/support/fake_environment.hpp"
#include "tests/support/stores.hpp"
#include "workflows.hpp"

using namespace stet_golden;

namespace {

/// As small as possible, but with short logs, which make a test busy.
std::unique_ptr<stet::store> open_small(const std::string& url) {
  const auto scheme = url.substr(0, url.find(':'));
#if STET_TESTS_HAVE_SQLITE
  // Room for all that the second life writes: otherwise it would be moved into the database.
  if (scheme == "sqlite") return stet::sqlite::open(url.substr(7), {.wal_bytes = 1u << 20});
#endif
  for (auto& kind : stet_tests::kinds_in_files())
    if (kind.scheme == scheme) return kind.open(url.substr(scheme.size() + 1));
  throw std::invalid_argument("no store in a file: " + url);
}

void pass(stet::engine& e, stet_tests::fake_clock& clock, stet::duration d) {
  clock.advance(d);
  e.run_until_idle();
}

void first_life(stet::engine& e, stet_tests::fake_clock& clock) {
  for (int n = 0; n < 5; ++n) e.start(Steps, "steps-" + std::to_string(n), n);
  e.start(Parent, "parent-1", 1);
  e.start(Parent, "parent-2", 2);
  const std::string note = "a note";
  e.start(Served, "served", {.memo = stet::memo(note)});
  e.start(Cart, "cart");
  e.start(Publish, "publish");
  e.start(Count, "count", 0);
  e.start(Travel, "trip", "ann");
  e.start(Refused, "refused");
  e.start(Late, "late");
  e.start(Patched, "patched");
  e.start(Moved, "moved");
  e.start(Keeper, "keeper");
  e.start(Steps, "gone", 0);
  e.in("other").start(Steps, "steps-1", 2);
  e.transact([](stet::transaction& tx) { tx.put(Accounts, "ann", 100); });
  e.start(Transfer, "transfer", "ann", "bob", 30);
  e.start(Steps, "cancelled", 3);
  e.start(Steps, "terminated", 3);
  e.run_until_idle();
  e.signal("count", Number, 3);
  e.signal("count", Number, 4);  // the chain continues
  e.find(Cart, "cart")->start_update(Add, {.id = "add-1"}, "tea");
  e.find(Cart, "cart")->start_update(Ship, {.id = "ship-1"}, "ann");
  e.find(Moved, "moved")->move_to("2");
  pass(e, clock, 1h);
  e.cancel("cancelled", "not wanted");
  e.terminate("terminated", "now");
  e.run_until_idle();
}

void second_life(stet::engine& e, stet_tests::fake_clock& clock) {
  e.run_until_idle();
  e.start(Messenger, "messenger", 5);
  e.start(Steps, "steps-new", 2);
  e.start(Sealed, "sealed", "secret");
  e.find(Cart, "cart")->start_update(Add, {.id = "add-2"}, "milk");
  e.run_until_idle();
  e.admin().erase("gone");
  pass(e, clock, 20min);
}

// ---- the set of chains.hpp
void first_chains(stet::engine& e, stet_tests::fake_clock& clock) {
  clock.set(24h);  // it is a day ahead, which the engine can't notice
  e.start(Sum, "sum", 0);
  e.start(Slow, "slow");
  e.start(Stubborn, "stubborn");
  e.start(Sleeper, "sleeper");
  e.run_until_idle();
  e.signal("sum", Term, 1, {.idempotency_key = "one"});
  for (int link = 0; link < 12; ++link) {  // the first links are erased
    if (link == 6) {
      e.signal("sum", Term, 10, {.idempotency_key = "ten"});
      e.find(Sum, "sum")->start_update(Pay, {.id = "pay-1"}, 5);
      e.run_until_idle();
    }
    e.signal("sum", Term, 0);
    pass(e, clock, 10min);
  }
}

void second_chains(stet::engine& e, stet_tests::fake_clock& clock) {
  e.run_until_idle();
  e.start(Slow, "slow-2");
  e.start(Stubborn, "stubborn-2");
  e.start(Asks, "asks");
  e.signal("sum", Term, 7, {.idempotency_key = "seven"});
  pass(e, clock, 30min);
}

void make_chains(const char* url) {
  stet_tests::fake_clock clock;
  stet_tests::seeded_entropy entropy;
  stet_tests::recorder heard;
  const second_outside closed{.clock = &clock};
  for (bool is_second : {false, true}) {
    if (is_second) clock.set(-24h);  // it is right again
    auto e =
        std::make_unique<stet::engine>(open_small(url), stet::engine_options{.threads = 0,
                                                                             .retention = kept,
                                                                             .clock = &clock,
                                                                             .entropy = &entropy,
                                                                             .listener = &heard});
    define_chains(*e, closed);
    e->start();
    is_second ? second_chains(*e, clock) : first_chains(*e, clock);
    if (is_second) ::_exit(0);  // killed
    e->close();
  }
}

}  // namespace

int main(int count, char** arguments) try {
  const bool chains = count == 3 && std::string_view(arguments[2]) == "chains";
  if (count != 2 && !chains) return std::fputs("make URL [chains]\n", stderr), 2;
  if (chains) make_chains(arguments[1]);
  stet_tests::fake_clock clock;
  stet_tests::seeded_entropy entropy;
  stet_tests::recorder heard;
  stet::engine_options options{
      .threads = 0, .clock = &clock, .entropy = &entropy, .listener = &heard};
  if (transforms().empty()) throw std::runtime_error("it needs libzstd and libsodium");
  const outside closed;
  for (bool is_second : {false, true}) {
    if (is_second) options.transforms = transforms();
    auto e = std::make_unique<stet::engine>(open_small(arguments[1]), options);
    define_steps(*e, closed);
    define_talks(*e);
    define_changes(*e);
    if (!is_second) define_late(*e);
    e->start();
    is_second ? second_life(*e, clock) : first_life(*e, clock);
    if (is_second) ::_exit(0);  // killed
    e->close();
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "make: %s\n", e.what());
  return 1;
}
