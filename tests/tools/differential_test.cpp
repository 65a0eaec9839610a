// The same work on every kind of store leaves the same content.
#include <cstdlib>
#include <random>

#include "busy_store.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/stores.hpp"

using namespace stet_tests;
using stet_conformance::pairs;
using stet_conformance::scanned;

namespace {

std::uint64_t chosen_seed() {
  const char* given = std::getenv("STET_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

/// Random batches and ranges, with few keys, so that they overlap.
class chance {
 public:
  explicit chance(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  std::string key() {
    std::string k;
    for (std::size_t n = 1 + below(3); n > 0; --n) k += "\0\1ab\x7f\x80\xfe\xff"[below(8)];
    return k;
  }

  stet::batch changes() {
    stet::batch b;
    if (below(4) == 0) {
      auto k = key();
      b.expect(k, below(2) == 0 ? std::nullopt : std::optional<std::string>("v"));
    }
    for (std::size_t n = below(12); n > 0; --n) {
      auto k = key(), other = key();
      switch (below(8)) {
        case 0: b.erase_range(k, other); break;
        case 1: b.erase(k); break;
        case 2: b.put(k, "v"); break;
        default: b.put(k, std::string(below(3000), static_cast<char>('a' + below(26))));
      }
    }
    return b;
  }

 private:
  std::mt19937_64 random_;
};

struct opened {
  const kind_of_store* kind;
  std::string path;
  std::unique_ptr<stet::store> store;
};

/// "fine", or the kind of error, and whether the commit may have happened all the same.
std::string outcome_of(stet::store& s, const stet::batch& b, stet::durability d) {
  auto e = stet_conformance::error_of([&] { s.commit(b, d); });
  if (!e) return "fine";
  return std::to_string(static_cast<int>(e->code())) + "/" +
         std::to_string(static_cast<int>(e->outcome()));
}

/// Asks each store once, and compares the answers.
template <class Ask> void check_same(const std::vector<opened>& stores, Ask&& ask) {
  const auto first = ask(*stores.front().store);
  for (auto s = stores.begin() + 1; s != stores.end(); ++s)
    CHECK_MESSAGE(ask(*s->store) == first, s->kind->scheme, " and ", stores.front().kind->scheme);
}

/// A life in a manual engine, whose store depends on nothing but the given time and entropy. It is
/// killed again and again, so that every start reads the store.
void live(const kind_of_store& kind, const std::string& path, std::size_t tail_bytes_max) {
  fake_clock clock;
  seeded_entropy entropy;
  effects done;
  recorder heard;
  const stet::engine_options options{.threads = 0,
                                     .resident_runs_max = 3,
                                     .tail_bytes_max = tail_bytes_max,
                                     .clock = &clock,
                                     .entropy = &entropy,
                                     .listener = &heard};
  for (int life = 0; life < 6; ++life) {
    auto plan = std::make_shared<faults>();
    stet::engine e{std::make_unique<fault_store>(kind.open(path), plan), options};
    define_busy(e, done);
    e.start();
    if (life == 0) start_busy(e);
    e.run_until_idle();
    if (life == 1) e.start(Steps, "late", 2);
    clock.advance(1h);
    e.run_until_idle();
    if (life % 2 == 0) plan->fail_next(store_call::commit, fault::unknown_lost, faults::for_ever);
  }
}

}  // namespace

TEST_CASE("random batches leave the same in every store, and read the same on the way") {
  const auto seed = chosen_seed();
  INFO("STET_SEED=", seed);
  chance c(seed);
  temporary_directory dir;
  const auto kinds = all_kinds();
  std::vector<opened> stores;
  for (auto& kind : kinds)
    stores.push_back({&kind, dir / kind.scheme, kind.open(dir / kind.scheme)});
  REQUIRE(stores.size() >= 2);
  for (int n = 0; n < 600; ++n) {
    CAPTURE(n);
    const auto b = c.changes();
    const auto d = c.below(20) == 0 ? stet::durability::sync : stet::durability::process;
    check_same(stores, [&](stet::store& s) { return outcome_of(s, b, d); });
    if (n % 7 == 0) {
      const auto from = c.key(), to = c.key();
      const auto limit = 1 + c.below(50);
      for (bool backward : {false, true})
        check_same(stores, [&](stet::store& s) { return scanned(s, from, to, backward, limit); });
    }
    if (c.below(40) == 0) {
      auto& s = stores[c.below(stores.size())];
      s.store.reset();
      s.store = s.kind->open(s.path);
    }
  }
  check_same(stores, [](stet::store& s) { return scanned(s); });
}

TEST_CASE("the same life of an engine leaves the same bytes in every store") {
  for (std::size_t tail_bytes_max : {std::size_t{8192}, std::size_t{16} << 20}) {
    CAPTURE(tail_bytes_max);
    temporary_directory dir;
    std::map<std::string, std::string> first;
    for (auto& kind : all_kinds()) {
      CAPTURE(kind.scheme);
      live(kind, dir / kind.scheme, tail_bytes_max);
      auto s = kind.open(dir / kind.scheme);
      CHECK(stet::check(*s).ok());
      auto all = dump_of(*s);
      CHECK(all.size() > 20);
      if (first.empty()) first = all;
      const bool is_same = all == first;
      CHECK(is_same);
    }
  }
}
