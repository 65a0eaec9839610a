// The user's own entries.
#include "engine/tables/user_tables.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

std::string key(std::string_view k) { return keys::state_prefix("default") + std::string(k); }

/// The entries over a store that may fail, and the block that takes them there.
struct fixture {
  void write(std::string_view k, std::optional<std::string> v) {
    table_writes w;
    w.emplace(key(k), std::move(v));
    tables.stage(tables.seal(std::move(w)), block);
  }
  void seal() {
    tables.sealed();
    store->commit(block, stet::durability::sync);
    block.clear();
  }
  std::string get(std::string_view k) { return tables.get(key(k)).value_or("-"); }
  /// All values, in the order in which they are read.
  std::string all(bool backward, const table_writes& on_top = {}) {
    std::string values, k, v;
    auto from = key(""), to = keys::end_of(from);
    while (tables.next(from, to, backward, on_top, k, v)) {
      values += v;
      if (backward) to = k;
      else from = k + '\0';
    }
    return values;
  }
  std::shared_ptr<stet::testing::faults> faults = std::make_shared<stet::testing::faults>();
  std::shared_ptr<fragile_transform> transform = std::make_shared<fragile_transform>();
  std::unique_ptr<stet::store> store =
      std::make_unique<stet::testing::fault_store>(stet::memory::open(), faults);
  payloads sealing{{transform}};
  user_tables tables{*store, sealing};
  stet::batch block;
};

}  // namespace

TEST_CASE("what is written is seen at once, and stays seen on its way to the store") {
  fixture f;
  CHECK(f.get("a") == "-");
  f.write("a", "1");
  CHECK(f.get("a") == "1");
  f.seal();
  CHECK(f.get("a") == "1");
  f.tables.committed();
  CHECK(f.get("a") == "1");
  f.write("a", std::nullopt);
  CHECK(f.get("a") == "-");
}

TEST_CASE("what was written since a block was sealed outlives that block's commit") {
  fixture f;
  f.write("a", "1");
  f.seal();
  f.write("a", "2");
  f.tables.committed();
  CHECK(f.get("a") == "2");
  f.seal();
  f.tables.committed();
  CHECK(f.get("a") == "2");
}

TEST_CASE("a scan sees the store, what is on its way, and what a transaction has on top") {
  fixture f;
  for (auto k : {"b", "d", "f"}) f.write(k, k);
  f.seal();
  f.tables.committed();
  f.write("c", "c");
  f.write("d", "D");
  f.write("f", std::nullopt);
  CHECK(f.all(false) == "bcD");
  CHECK(f.all(true) == "Dcb");
  table_writes on_top{{key("a"), "a"}, {key("c"), "C"}, {key("d"), std::nullopt}};
  CHECK(f.all(false, on_top) == "abC");
  CHECK(f.all(true, on_top) == "Cba");
}

TEST_CASE("a whole range goes, staged or stored, and nothing is written for an empty one") {
  fixture f;
  f.write("a", "1");
  f.seal();
  f.tables.committed();
  f.write("b", "2");
  f.write("z", "3");
  f.tables.forget(key("a"), key("c"), f.block);
  CHECK(f.all(false) == "13");  // stored entries are erased with the block
  f.seal();
  f.tables.committed();
  CHECK(f.all(false) == "3");
  f.tables.forget(key("a"), key("c"), f.block);
  CHECK(f.block.empty());
}

TEST_CASE("what can't be sealed changes nothing") {
  fixture f;
  f.write("a", "1");
  f.transform->broken = true;
  CHECK_THROWS_AS(f.write("a", "2"), users_exception);
  CHECK(f.get("a") == "1");
}

TEST_CASE("what the store threw is told once more, whatever became of it meanwhile") {
  fixture f;
  f.tables.rethrow_failure();
  f.faults->fail_next(stet::testing::store_call::get, stet::testing::fault::refused);
  CHECK_THROWS_AS((void)f.get("a"), stet::store_error);
  CHECK_THROWS_AS(f.tables.rethrow_failure(), stet::store_error);
  f.tables.rethrow_failure();
}
