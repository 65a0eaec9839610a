// Transactions from outside.
#include "engine/calls/transacting.hpp"

#include <functional>

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::table<std::string, int> Stock{"stock"};

struct function final : transact_function {
  explicit function(std::function<void(stet::transaction&)> f) : what(std::move(f)) {}
  void run(stet::transaction& tx) override { what(tx); }
  std::function<void(stet::transaction&)> what;
};

record_lsn transact_with(parts& p, std::function<void(stet::transaction&)> f) {
  function call(std::move(f));
  return transact(*p, "default", call).lsn;
}
int stock(parts& p, const std::string& of) {
  int n = -1;
  (void)transact_with(p, [&](stet::transaction& tx) { n = tx.get(Stock, of).value_or(-1); });
  return n;
}

}  // namespace

TEST_CASE("what a transaction writes is seen at once, and is durable with its record") {
  parts p;
  auto lsn = transact_with(p, [](stet::transaction& tx) { tx.put(Stock, "nails", 5); });
  CHECK(lsn == p->journal.last_lsn());
  CHECK(lsn > p->journal.durable_lsn());
  CHECK(stock(p, "nails") == 5);
  (void)p->commit.commit();
  CHECK(p->journal.durable_lsn() == lsn);
  CHECK(stock(p, "nails") == 5);
}

TEST_CASE("a transaction that throws has written nothing") {
  parts p;
  CHECK_THROWS_AS((void)transact_with(p,
                                      [](stet::transaction& tx) {
                                        tx.put(Stock, "nails", 5);
                                        throw std::runtime_error("no");
                                      }),
                  users_exception);
  CHECK(stock(p, "nails") == -1);
  CHECK(!p->journal.has_something());
}

TEST_CASE("a transaction that only reads records nothing, and depends on what it read") {
  parts p;
  auto r = p.start("a");
  auto lsn = p->journal.last_lsn();
  CHECK(transact_with(p, [](stet::transaction& tx) { (void)tx.get(Stock, "nails"); }) == lsn);
  CHECK(p->journal.last_lsn() == lsn);
}

TEST_CASE("what can't be sealed isn't written, and nothing is recorded") {
  auto key = std::make_shared<fragile_transform>();
  parts p(stet::memory::open(), {.transforms = {key}});
  key->broken = true;
  CHECK_THROWS_AS((void)transact_with(p, [](stet::transaction& tx) { tx.put(Stock, "nails", 5); }),
                  users_exception);
  CHECK(!p->journal.has_something());
}

TEST_CASE("what the store threw ends the call, though the function caught it") {
  auto faults = std::make_shared<stet::testing::faults>();
  parts p(std::make_unique<stet::testing::fault_store>(stet::memory::open(), faults));
  faults->fail_next(stet::testing::store_call::get, stet::testing::fault::refused);
  CHECK_THROWS_AS((void)transact_with(p,
                                      [](stet::transaction& tx) {
                                        try {
                                          (void)tx.get(Stock, "nails");
                                        } catch (const stet::error&) {}
                                      }),
                  stet::store_error);
}
