// What the earlier runs of a chain were sent, as entries.
#include "engine/runs/sent_keys.hpp"

#include <doctest/doctest.h>

#include <stet/memory.hpp>

using namespace stet::detail;
using keys::sent_kind;

namespace {

/// The entries over a store, and the block that they go with.
struct fixture {
  std::unique_ptr<stet::store> store = stet::memory::open();
  sent_keys keys{*store};
  stet::batch block;

  void add(std::uint64_t run, std::string_view key, sent_kind k = sent_kind::signal) {
    keys.add(keys::sent(1, k, key, run), block);
  }
  void erase(std::uint64_t run, std::string_view key) {
    keys.erase(keys::sent(1, sent_kind::signal, key, run), block);
  }
  std::uint64_t latest(std::string_view key) {
    return keys.latest(1, sent_kind::signal, key).value_or(0);
  }
  void seal() {
    keys.sealed();
    store->commit(block, stet::durability::sync);
    block.clear();
  }
  void commit() {
    seal();
    keys.committed();
  }
};

}  // namespace

TEST_CASE("the latest run that was sent something is known at once, and in the store later") {
  fixture f;
  CHECK(f.latest("k") == 0);
  f.add(2, "k");
  f.add(5, "k");
  f.add(9, "other");
  CHECK(f.latest("k") == 5);
  f.seal();
  CHECK(f.latest("k") == 5);
  f.keys.committed();
  CHECK(f.latest("k") == 5);
  f.add(4, "k");  // an earlier one doesn't hide it
  CHECK(f.latest("k") == 5);
}

TEST_CASE("kinds, keys and chains are told apart") {
  fixture f;
  f.add(2, "k");
  CHECK(!f.keys.latest(1, sent_kind::update, "k"));
  CHECK(!f.keys.latest(7, sent_kind::signal, "k"));
  CHECK(f.latest("kk") == 0);
}

TEST_CASE("what is erased isn't seen any more, though the store still has it") {
  fixture f;
  f.add(2, "k");
  f.add(5, "k");
  f.commit();
  f.erase(5, "k");
  CHECK(f.latest("k") == 2);
  f.keys.sealed();
  CHECK(f.latest("k") == 2);
}

TEST_CASE("what is newer stands where two blocks go together") {
  fixture f;
  f.add(2, "k");
  f.keys.sealed();
  f.erase(2, "k");
  f.keys.sealed();  // it was joined to the first, which was refused
  CHECK(f.latest("k") == 0);
}

TEST_CASE("a run says that all it was sent is here") {
  fixture f;
  CHECK(!f.keys.has_all(1, 2));
  f.add(2, "", sent_kind::all);
  CHECK(f.keys.has_all(1, 2));
  f.commit();
  CHECK(f.keys.has_all(1, 2));
  CHECK(!f.keys.has_all(1, 3));
  f.keys.erase(keys::sent(1, sent_kind::all, {}, 2), f.block);
  CHECK(!f.keys.has_all(1, 2));
}

TEST_CASE("a run is erased with all entries of its own, stored or not, and no others") {
  for (bool knows_chain : {true, false}) {
    fixture f;
    f.add(2, "stored");
    f.add(3, "stored too");
    f.commit();
    f.add(2, "on its way");
    f.keys.sealed();
    f.add(2, "new");
    if (knows_chain) f.keys.erase_run(1, 2, f.block);
    else f.keys.erase_run(2, f.block);
    CHECK(f.latest("stored") == 0);
    CHECK(f.latest("on its way") == 0);
    CHECK(f.latest("new") == 0);
    CHECK(f.latest("stored too") == 3);
    f.commit();
    CHECK(f.latest("stored") == 0);
    CHECK(f.latest("new") == 0);
  }
}
