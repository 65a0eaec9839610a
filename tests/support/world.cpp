#include "world.hpp"

#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif
#if STET_TESTS_HAVE_ROCKSDB
#include <stet/rocksdb.hpp>
#endif
#if STET_TESTS_HAVE_SQLITE
#include <stet/sqlite.hpp>
#endif

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace stet_tests {
namespace {

constexpr int rounds_max = 2'000'000;  // a scenario that never comes to rest is a fault

/// The file store that this run of the tests uses; empty if Stet was built without it.
std::string file_store() {
  [[maybe_unused]] const char* named = std::getenv("STET_TESTS_FILES");
#if STET_TESTS_HAVE_ROCKSDB
  if (named != nullptr && std::string_view(named) == "rocksdb") return "rocksdb";
#endif
#if STET_TESTS_HAVE_SQLITE
  if (named != nullptr && std::string_view(named) == "sqlite") return "sqlite";
#endif
#if STET_TESTS_HAVE_LMDB
  if (named == nullptr || std::string_view(named) == "lmdb") return "lmdb";
#endif
  return {};
}

/// Whether this run plays a cell. With memory and LMDB, all cells are played. A run with another
/// file store leaves out memory and half of the cells: each two of residency, threads and check
/// still meet in every way. The conformance suite covers the differences between stores.
/// With STET_TESTS_HALF memory and LMDB play that half, too: ./dev cross --short.
bool is_played(const cell& c) {
  if (c.lmdb && file_store().empty()) return false;
  bool one_store = std::getenv("STET_TESTS_FILES") != nullptr;
  if (!one_store && std::getenv("STET_TESTS_HALF") == nullptr) return true;
  return (c.lmdb || !one_store) && ((c.resident == 0) != (c.threads == 0)) != (c.check == 0);
}

void play(const cell& c, const std::function<void(world&)>& scenario) {
  if (!is_played(c)) return;
  INFO("in the cell ", c.name());
  world w(c);
  scenario(w);
}

}  // namespace

std::string cell::name() const {
  return (lmdb ? file_store() : "memory") + ", residency " + (resident ? "unlimited" : "0") +
         ", threads " + std::to_string(threads) + ", replay check " + std::to_string(check);
}

world::world(cell c) : where(c) {
  options.threads = c.threads;
  options.resident_runs_max = c.resident;
  options.replay_check_interval = c.check;
  options.compare = stet::compared::arguments;
  options.clock = &clock;
  options.entropy = &entropy;
  options.listener = &heard;
  options.commits = stet::durability::process;  // a process dies here, never a disk
}

world::~world() {
  try {
    crash();
  } catch (...) {}  // the failed test has reported it
}

std::unique_ptr<stet::store> world::store() const {
#if STET_TESTS_HAVE_ROCKSDB
  if (where.lmdb && file_store() == "rocksdb") return stet::rocksdb::open(directory_ / "store");
#endif
#if STET_TESTS_HAVE_SQLITE
  if (where.lmdb && file_store() == "sqlite") return stet::sqlite::open(directory_ / "store");
#endif
#if STET_TESTS_HAVE_LMDB
  if (where.lmdb) return stet::lmdb::open(directory_ / "store", {.map_bytes = 4u << 20});
#endif
  return stet::memory::open(contents_);
}

std::unique_ptr<stet::engine> world::make() {
  auto faulty = std::make_unique<fault_store>(store(), plan);
  auto e = std::make_unique<stet::engine>(std::move(faulty), options);
  if (define_) define_(*e);
  return e;
}

world& world::open(definer d) {
  define_ = std::move(d);
  reopen();
  return *this;
}

void world::reopen() {
  engine_.reset();
  engine_ = make();
  engine_->start();
}

void world::close() {
  engine_->close();
  engine_.reset();
}

void world::cut() { plan->fail_next(store_call::commit, fault::unknown_lost, faults::for_ever); }

void world::crash() {
  if (!engine_) return;
  cut();
  engine_.reset();
  plan->heal();
}

void world::until(const std::function<bool()>& happened) {
  while (!happened()) {
    poke();
    std::this_thread::sleep_for(1ms);
  }
}

world::picture world::look() {
  picture p;
  for (auto& id : engine_->admin().open_runs({}, SIZE_MAX)) {
    auto info = engine_->admin().describe(id);
    if (!info) continue;
    p.text += id + ' ' + std::to_string(info->records) + '\n';
    if (info->status == stet::status::stalled) continue;
    for (auto& w : info->waits_for)
      p.a_body_runs |= w.kind == stet::wait_kind::step && w.due == stet::time_point();
  }
  return p;
}

void world::settle() {
  if (where.threads == 0) return (void)engine_->run_until_idle();
  poke();  // a call in the midst of a turn; the next turn reads the clock
  auto before = look();
  for (int i = 0; i < rounds_max; ++i) {
    poke();
    auto now = look();  // runs that were ready before are driven by now
    if (!now.a_body_runs && now.text == before.text) return;
    before = std::move(now);
    std::this_thread::yield();
  }
  FAIL("the engine doesn't come to rest");
}

std::optional<stet::time_point> world::next_due() {
  if (where.threads == 0) return engine_->next_wakeup();
  std::optional<stet::time_point> due;
  for (auto& id : engine_->admin().open_runs({}, SIZE_MAX)) {
    auto info = engine_->admin().describe(id);
    if (!info || info->status == stet::status::stalled) continue;
    for (auto& p : info->waits_for)
      if (p.due != stet::time_point()) due = std::min(due.value_or(p.due), p.due);
  }
  return due;
}

void world::finish() {
  for (int i = 0; i < rounds_max; ++i) {
    settle();
    auto due = next_due();
    if (!due) return;
    auto now = clock.wall();
    clock.advance(*due > now ? *due - now : stet::duration(0));
  }
  FAIL("the engine doesn't come to an end");
}

void everywhere_by_hand(const std::function<void(world&)>& scenario) {
  for (bool lmdb : {false, true})
    for (std::size_t resident : {std::size_t{0}, std::size_t{100'000}})
      for (unsigned check : {0u, 1u}) play({lmdb, resident, 0, check}, scenario);
}

void everywhere(const std::function<void(world&)>& scenario) {
  everywhere_by_hand(scenario);
  for (bool lmdb : {false, true})
    for (std::size_t resident : {std::size_t{0}, std::size_t{100'000}})
      for (unsigned check : {0u, 1u}) play({lmdb, resident, 4, check}, scenario);
}

int at_every_commit(cell c, const std::function<void(world&, stet::engine&)>& define,
                    const std::function<void(world&)>& act,
                    const std::function<void(world&, death)>& check) {
  int crashes = 0;
  for (auto how : {fault::unknown_lost, fault::unknown_applied}) {
    for (std::uint64_t n = 1;; ++n) {
      INFO("in the cell ", c.name(), ", death ",
           std::string(how == fault::unknown_lost ? "before" : "after"), " commit ", n);
      world w(c);
      w.plan->fail(store_call::commit, n, how);
      for (bool ended = false; !ended;) {
        try {
          w.open([&](stet::engine& e) { define(w, e); });
          act(w);
          ended = true;
        } catch (const stet::store_error&) {
          if (w.is_open()) w.crash();
        } catch (const stet::error& e) {
          if (e.code() != stet::errc::closed) throw;
        }
        REQUIRE(w.plan->injected() <= 1);
      }
      bool crashed = w.plan->injected() == 1;
      check(w, {crashed, how == fault::unknown_applied});
      if (!crashed) break;
      ++crashes;
    }
  }
  return crashes;
}

}  // namespace stet_tests
