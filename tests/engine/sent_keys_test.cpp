// The entries of what the earlier runs of a chain were sent.
#include "engine/runs/sent_keys.hpp"

#include <doctest/doctest.h>

#include <stet/memory.hpp>

using namespace stet::detail;
using keys::sent_kind;

namespace {

/// The entries over a store, and the block that takes them there.
struct fixture {
  std::unique_ptr<stet::store> store = stet::memory::open();
  sent_keys keys{*store};
  stet::batch block;

  void add(run_number run, std::string_view key, sent_kind k = sent_kind::signal) {
    keys.add(keys::sent(run_number(1), k, key, run), block);
  }
  void erase(run_number run, std::string_view key) {
    keys.erase(keys::sent(run_number(1), sent_kind::signal, key, run), block);
  }
  run_number latest(std::string_view key) {
    return keys.latest(run_number(1), sent_kind::signal, key).value_or(no_run);
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
  CHECK(!f.latest("k"));
  f.add(run_number(2), "k");
  f.add(run_number(5), "k");
  f.add(run_number(9), "other");
  CHECK(f.latest("k") == run_number(5));
  f.seal();
  CHECK(f.latest("k") == run_number(5));
  f.keys.committed();
  CHECK(f.latest("k") == run_number(5));
  f.add(run_number(4), "k");  // an entry of an earlier run doesn't hide it
  CHECK(f.latest("k") == run_number(5));
}

TEST_CASE("kinds, keys and chains are told apart") {
  fixture f;
  f.add(run_number(2), "k");
  CHECK(!f.keys.latest(run_number(1), sent_kind::update, "k"));
  CHECK(!f.keys.latest(run_number(7), sent_kind::signal, "k"));
  CHECK(!f.latest("kk"));
}

TEST_CASE("what is erased isn't seen any more, though the store still has it") {
  fixture f;
  f.add(run_number(2), "k");
  f.add(run_number(5), "k");
  f.commit();
  f.erase(run_number(5), "k");
  CHECK(f.latest("k") == run_number(2));
  f.keys.sealed();
  CHECK(f.latest("k") == run_number(2));
}

TEST_CASE("what is newer stands where two blocks go together") {
  fixture f;
  f.add(run_number(2), "k");
  f.keys.sealed();
  f.erase(run_number(2), "k");
  f.keys.sealed();  // this block joins the first one, which was refused
  CHECK(!f.latest("k"));
}

TEST_CASE("a run says that all it was sent is here") {
  fixture f;
  CHECK(!f.keys.has_all(run_number(1), run_number(2)));
  f.add(run_number(2), "", sent_kind::all);
  CHECK(f.keys.has_all(run_number(1), run_number(2)));
  f.commit();
  CHECK(f.keys.has_all(run_number(1), run_number(2)));
  CHECK(!f.keys.has_all(run_number(1), run_number(3)));
  f.keys.erase(keys::sent(run_number(1), sent_kind::all, {}, run_number(2)), f.block);
  CHECK(!f.keys.has_all(run_number(1), run_number(2)));
}

TEST_CASE("a run is erased with all entries of its own, stored or not, and no others") {
  for (bool knows_chain : {true, false}) {
    fixture f;
    f.add(run_number(2), "stored");
    f.add(run_number(3), "stored too");
    f.commit();
    f.add(run_number(2), "on its way");
    f.keys.sealed();
    f.add(run_number(2), "new");
    if (knows_chain) f.keys.erase_run(run_number(1), run_number(2), f.block);
    else f.keys.erase_run(run_number(2), f.block);
    CHECK(!f.latest("stored"));
    CHECK(!f.latest("on its way"));
    CHECK(!f.latest("new"));
    CHECK(f.latest("stored too") == run_number(3));
    f.commit();
    CHECK(!f.latest("stored"));
    CHECK(!f.latest("new"));
  }
}
