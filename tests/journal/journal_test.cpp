#include "journal/journal.hpp"

#include <stet/memory.hpp>

#include "keys/keys.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/world.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

/// A journal over contents that outlive it, and what the test knows of them.
struct journal_in_store {
  std::shared_ptr<stet::memory::contents> contents = stet::memory::make_contents();
  std::unique_ptr<stet::store> store;
  std::unique_ptr<journal> it;
  std::vector<std::pair<record_lsn, std::string>> found;  // found by the last open: LSN, name

  void open() {
    it.reset();
    store.reset();
    store = stet::memory::open(contents);
    it = std::make_unique<journal>(*store, stet::durability::sync);
    found.clear();
    it->open([&](const record& r, std::string_view, record_lsn lsn) {
      found.emplace_back(lsn, r.name);
    });
  }
  record_lsn append(const std::string& name, run_number run = run_number(1)) {
    record r;
    r.kind = record_kind::cancel_requested;
    r.run = run;
    r.name = name;
    std::string bytes;
    encode(bytes, r);
    return it->append(bytes, 1);
  }
  void commit(engine_time time = {}) {
    auto b = it->seal(time);
    it->commit(b);
    it->committed(b);
  }
  std::size_t blocks() const {
    std::size_t n = 0;
    auto from = keys::all(keys::space::journal), to = keys::end_of(from);
    stet::scan(*store, {from, to}, [&](std::string_view, std::string_view) { return ++n, true; });
    return n;
  }
};

}  // namespace

TEST_CASE("marks come back as they were; cut short or longer they are refused") {
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 200; ++i) {
    marks m{random.number(),
            random.number(),
            record_lsn(random.number()),
            run_number(random.number()),
            engine_time(random.signed_number()),
            random.coin()};
    auto bytes = encode(m);
    auto again = decode_marks(bytes);
    CHECK(encode(again) == bytes);
    CHECK((again.epoch == m.epoch && again.next_lsn == m.next_lsn && again.next_run == m.next_run &&
           again.time == m.time));
    for (std::size_t n = 0; n < bytes.size(); ++n)
      CHECK_THROWS_AS(decode_marks(bytes.substr(0, n)), malformed);
    CHECK_THROWS_AS(decode_marks(bytes + '\0'), malformed);
  }
}

TEST_CASE("records come back in order, with the numbers that they were given") {
  journal_in_store p;
  p.open();
  CHECK(p.found.empty());
  CHECK(p.append("a") == record_lsn(1));
  CHECK(p.append("b") == record_lsn(2));
  CHECK(p.it->durable_lsn() == record_lsn(0));
  p.commit();
  CHECK(p.it->durable_lsn() == record_lsn(2));
  CHECK(p.append("c") == record_lsn(3));
  p.commit();
  p.append("lost");
  p.open();
  CHECK(p.found ==
        decltype(p.found){{record_lsn(1), "a"}, {record_lsn(2), "b"}, {record_lsn(3), "c"}});
  CHECK(p.it->opened().first_lsn == record_lsn(4));
  CHECK(!p.it->opened().was_clean);
  CHECK(p.append("d") == record_lsn(4));
}

TEST_CASE("what a pass has folded is dropped with its end, and what came meanwhile stays") {
  journal_in_store p;
  p.open();
  p.append("a");
  p.commit();
  CHECK(p.it->begin_pass(0) == record_lsn(1));
  p.append("b");
  p.commit();
  p.it->end_pass();
  p.append("c");
  p.commit();
  p.open();
  CHECK(p.found == decltype(p.found){{record_lsn(2), "b"}, {record_lsn(3), "c"}});
}

TEST_CASE("a pass takes the oldest blocks, and leaves as many bytes as it was told") {
  journal_in_store p;
  p.open();
  CHECK(p.it->begin_pass(0) == record_lsn(0));
  for (auto text : {"a", "b", "c", "d"}) {
    p.append(text);
    p.commit();
  }
  auto kept = p.it->kept_bytes();
  CHECK(p.it->begin_pass(kept) == record_lsn(0));
  CHECK(p.it->begin_pass(kept - 1) == record_lsn(1));
  CHECK(p.it->begin_pass(kept / 2) == record_lsn(2));
  p.it->end_pass();
  p.append("e");
  p.commit();
  CHECK(p.it->kept_bytes() == kept / 4 * 3);
  p.open();
  CHECK(p.it->kept_bytes() == kept / 4 * 3);
  CHECK(p.found ==
        decltype(p.found){{record_lsn(3), "c"}, {record_lsn(4), "d"}, {record_lsn(5), "e"}});
}

TEST_CASE(
    "an empty journal hands out no number again: neither of records, nor of blocks, nor of runs") {
  journal_in_store p;
  p.open();
  p.append("a", run_number(7));
  p.append("b", run_number(9));
  p.commit(engine_time(1234));
  auto run = p.it->new_run_number();
  CHECK(run == run_number(1));
  p.it->mark_clean();
  p.commit(engine_time(5678));
  CHECK(p.blocks() == 0);
  for (int i = 0; i < 3; ++i) {
    p.open();
    CHECK(p.found.empty());
    CHECK(p.it->last_lsn() == record_lsn(2));
    CHECK(p.it->opened().time == engine_time(5678));
    CHECK(p.it->opened().was_clean == (i == 0));
  }
  CHECK(p.it->new_run_number() >= run_number(2));
  CHECK(p.append("c") == record_lsn(3));
  p.commit();
  p.open();
  CHECK(p.found == decltype(p.found){{record_lsn(3), "c"}});
}

TEST_CASE("runs that are named in the journal are counted, though no marks were written since") {
  journal_in_store p;
  p.open();
  p.append("a", run_number(41));
  p.commit();
  p.open();
  CHECK(p.it->new_run_number() == run_number(42));
}

TEST_CASE(
    "the latest time that was journaled is known at the next open, from blocks and from marks") {
  journal_in_store p;
  p.open();
  p.append("a");
  p.commit(engine_time(100));
  p.append("b");
  p.commit(engine_time(50));
  p.open();
  CHECK(p.it->opened().time == engine_time(100));
  p.it->mark_clean();
  p.commit(engine_time(70));
  p.open();
  CHECK(p.it->opened().time == engine_time(100));
}

TEST_CASE("a journal whose store was taken over can commit nothing any more") {
  journal_in_store p;
  p.open();
  p.append("a");
  stet::batch other;
  other.put(keys::owner(), encode(marks{99}));
  p.store->commit(other, stet::durability::sync);
  auto told = what_throws([&] { p.commit(); });
  CHECK(told.code == stet::errc::conflict);
  CHECK(p.it->durable_lsn() == record_lsn(0));
  CHECK(p.blocks() == 0);
}

TEST_CASE("a refused block is committed as it is, later") {
  journal_in_store p;
  p.open();
  p.append("a");
  auto block = p.it->seal(engine_time(1));
  p.append("b");  // fills the next block
  p.it->commit(block);
  p.it->committed(block);
  CHECK(p.it->durable_lsn() == record_lsn(1));
  p.commit();
  p.open();
  CHECK(p.found == decltype(p.found){{record_lsn(1), "a"}, {record_lsn(2), "b"}});
}

TEST_CASE(
    "a random life: what is found is what was committed and not dropped, and numbers only rise") {
  STET_SAYS_SEED();
  random_source random;
  for (int life = 0; life < 30; ++life) {
    journal_in_store p;
    p.open();
    std::vector<std::pair<record_lsn, std::string>> committed, filling;
    record_lsn lsn, floor, dropped;
    run_number runs, durable_runs;
    bool in_pass = false, dropping = false;
    auto commit = [&] {
      if (!p.it->has_something()) return;
      p.commit(engine_time(static_cast<std::int64_t>(random.below(1000))));
      committed.insert(committed.end(), filling.begin(), filling.end());
      filling.clear();
      durable_runs = std::max(durable_runs, runs);
      if (std::exchange(dropping, false)) dropped = floor;
    };
    for (int i = 0; i < 200; ++i) {
      switch (random.below(8)) {
        case 0: commit(); break;
        case 1:
          if (in_pass || dropping) break;
          commit();
          if (auto until = p.it->begin_pass(random.below(600))) {
            CHECK(until <= lsn);
            floor = until;
            in_pass = true;
          }
          break;
        case 2:
          if (!in_pass) break;
          p.it->end_pass();
          in_pass = false;
          dropping = true;
          break;
        case 3: {
          if (random.coin()) commit();
          lsn = lsn - filling.size();
          filling.clear();
          runs = no_run;
          in_pass = dropping = false;
          p.open();
          auto known = committed;
          std::erase_if(known, [&](auto& r) { return r.first <= dropped; });
          CHECK(p.found == known);
          CHECK(p.it->last_lsn() == lsn);
          break;
        }
        default: {
          auto run = p.it->new_run_number();
          CHECK(run > durable_runs);
          runs = std::max(runs, run);
          auto name = std::to_string(random());
          CHECK(p.append(name, run) == ++lsn);
          filling.emplace_back(lsn, name);
        }
      }
    }
    commit();
    p.open();
    CHECK(p.it->new_run_number() > durable_runs);
  }
}
