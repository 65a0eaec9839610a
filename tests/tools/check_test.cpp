// check() accepts what an engine leaves at any moment, and nothing else.
#include "busy_store.hpp"
#include "keys/keys.hpp"
#include "tools/pages.hpp"

using namespace stet_tests;

namespace {

std::string text_of(const stet::check_report& r) {
  std::string text;
  for (auto& p : r.problems) text += p + "\n";
  return text;
}
void check_good(stet::store& s) {
  auto report = stet::check(s);
  CHECK_MESSAGE(report.ok(), text_of(report));
}

}  // namespace

TEST_CASE("a store after a close, after a crash, and never used, is good") {
  for (bool lmdb : {false, true})
    for (bool checkpointed : {false, true})
      for (bool closed : {false, true}) {
        CAPTURE(lmdb);
        CAPTURE(checkpointed);
        CAPTURE(closed);
        world w({.lmdb = lmdb});
        make_busy(w, checkpointed);
        if (closed) w.close();
        else w.crash();
        auto s = w.store();
        check_good(*s);
        auto report = stet::check(*s);
        CHECK(report.runs == 6 + 6 + 1 + 12);
        CHECK(report.open_runs > 0);
        CHECK(report.open_runs < report.runs);
        CHECK(report.stalled_runs == 0);
        CHECK(report.keys == dump_of(*s).size());
        CHECK((report.blocks == 0) == closed);
      }
}

TEST_CASE("a store is good after a crash at every commit") {
  for (int at = 1;; ++at) {
    CAPTURE(at);
    world w;
    bool happened = false;
    w.plan->set_hook([&](store_call what, moment when, std::uint64_t) {
      if (what == store_call::commit && when == moment::after &&
          w.plan->count(store_call::commit) == static_cast<std::uint64_t>(at)) {
        happened = true;
        w.plan->fail(store_call::commit, static_cast<std::uint64_t>(at) + 1, fault::unknown_lost,
                     faults::for_ever);
      }
    });
    try {
      make_busy(w, true);
    } catch (const stet::error&) {}
    w.plan->set_hook({});
    w.crash();
    w.plan->heal();
    auto s = w.store();
    check_good(*s);
    if (!happened) break;
  }
}

TEST_CASE("a store whose process died before or in its first commits is good, and has no runs") {
  for (bool lmdb : {false, true})
    for (auto how : {fault::unknown_lost, fault::unknown_applied})
      for (std::uint64_t commit = 1; commit <= 4; ++commit) {
        CAPTURE(lmdb);
        CAPTURE(commit);
        world w({.lmdb = lmdb});
        w.plan->fail(store_call::commit, commit, how, faults::for_ever);
        auto told = what_throws([&] {
          w.open([&](stet::engine& e) { define_busy(e, w.done); });
          w.engine().start(Steps, "s", 2);
          w.settle();
        });
        CHECK(told.thrown);
        w.crash();
        w.plan->heal();
        {
          auto s = w.store();
          check_good(*s);
          if (commit <= 2) CHECK(stet::check(*s).runs == 0);
          const bool has_marks = commit > 2 || (commit == 2 && how == fault::unknown_applied);
          CHECK(stet::check(*s).empty == !has_marks);
        }
        w.reopen();
        CHECK(w.run(Steps, "s", 2) == 2);
        w.close();
        check_good(*w.store());
      }
}

TEST_CASE("a store that lacks its format or its marks, and holds anything else, is damaged") {
  for (auto key : {stet::detail::keys::format(), stet::detail::keys::owner()}) {
    world w;
    w.open([&](stet::engine& e) { define_busy(e, w.done); });
    CHECK(w.run(Steps, "s", 1) == 1);
    w.close();
    auto s = w.store();
    stet::batch b;
    b.erase(std::string(key));
    s->commit(b, stet::durability::sync);
    CHECK(!stet::check(*s).ok());
  }
}

TEST_CASE("whatever is missing is noticed") {
  for (bool closed : {false, true}) {
    world w;
    make_busy(w, true);
    if (closed) w.close();
    else w.crash();
    auto s = w.store();
    auto all = dump_of(*s);
    std::string last_block;
    for (auto& [key, value] : all)
      if (key.starts_with(std::string_view("\0j", 2))) last_block = key;
    for (auto& [key, value] : all) {
      INFO("key ", stet::detail::printable_key(key));
      stet::batch out, back;
      out.erase(key);
      back.put(key, value);
      s->commit(out, stet::durability::sync);
      // Two missing things can't be noticed: the newest block, which may never have been committed,
      // and the history of the clock, which a store of an older build lacks.
      bool may_be_missing = key == last_block || key == stet::detail::keys::clock();
      CHECK(stet::check(*s).ok() == may_be_missing);
      s->commit(back, stet::durability::sync);
    }
    check_good(*s);
  }
}

TEST_CASE("whatever is changed is noticed, and what is too much") {
  world w;
  make_busy(w, true);
  w.crash();
  auto s = w.store();
  std::map<char, int> spaces;
  for (auto& [key, value] : dump_of(*s)) {
    if (key == stet::detail::keys::owner() || value.empty()) continue;  // marks have no checksum
    ++spaces[key[1]];
    for (auto at : {std::size_t{0}, value.size() / 2, value.size() - 1}) {
      CAPTURE(key);
      CAPTURE(at);
      auto changed = value;
      changed[at] = static_cast<char>(changed[at] ^ 0x20);
      stet::batch out, back;
      out.put(key, changed);
      back.put(key, value);
      s->commit(out, stet::durability::sync);
      CHECK(!stet::check(*s).ok());
      s->commit(back, stet::durability::sync);
    }
  }
  for (char space : {'c', 'h', 'j', 'k', 'r'}) CHECK(spaces[space] > 0);
  auto too_much = {std::string("\0x", 2),
                   std::string("zebra"),
                   std::string("\0t", 2) + "1234567812345678",
                   std::string("\0h", 2) + "1234567812345678",
                   std::string("\0n", 2) + "abc",
                   std::string("\0x", 2) + "abcdefghijk12345678"};
  for (auto& key : too_much) {
    CAPTURE(key);
    stet::batch in, out;
    in.put(key, "");
    out.erase(key);
    s->commit(in, stet::durability::sync);
    auto report = stet::check(*s);
    CHECK(report.problem_count == 1);
    s->commit(out, stet::durability::sync);
  }
  check_good(*s);
}

TEST_CASE("a problem names what is wrong") {
  world w;
  make_busy(w, true);
  w.close();
  auto s = w.store();
  std::string id_key;
  stet::scan(*s, {std::string_view("\0n", 2), std::string_view("\0o", 2)},
             [&](std::string_view key, std::string_view) {
               if (key.find("parent-5/a") != key.npos) id_key = key;
               return true;
             });
  stet::batch b;
  b.erase(id_key);
  s->commit(b, stet::durability::sync);
  auto report = stet::check(*s);
  REQUIRE(report.problem_count == 1);
  CHECK(report.problems[0].find("parent-5/a") != std::string::npos);
  CHECK(report.problems[0].find("index of ids") != std::string::npos);
}
