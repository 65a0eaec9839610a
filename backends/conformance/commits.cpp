// Batches: what they write, erase and expect.
#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

void check_get(trial& t) {
  auto s = t.open_fresh();
  t.same("get \"k\" in an empty store", nothing, s->get("k"));
  put(*s, "k", "v");
  t.same("get \"k\" after put", "v", s->get("k"));
  t.same("get \"k2\", of which another key is the beginning", nothing, s->get("k2"));
  put(*s, "long", "v");
  t.same("get \"lon\", the beginning of another key", nothing, s->get("lon"));
  t.same("get \"j\", just before another key", nothing, s->get("j"));
  t.same("get \"k\\0\", just after another key", nothing, s->get(std::string_view("k\0", 2)));
}

void check_together(trial& t) {
  auto s = t.open_fresh();
  t.same("a scan of an empty store", {}, scanned(*s));
  batch_of().put("a", "1").put("b", "2").put("c", "3").commit_to(*s);
  t.same("a scan after three puts", {{"a", "1"}, {"b", "2"}, {"c", "3"}}, scanned(*s));
}

void check_order_in_batch(trial& t) {
  auto s = t.open_fresh();
  put(*s, "m", "old");
  batch_of().put("a", "1").erase("a").put("b", "1").put("b", "2").commit_to(*s);
  t.same("put a, erase a, put b=1, put b=2", {{"b", "2"}, {"m", "old"}}, scanned(*s));
  batch_of().put("c", "1").erase_range("a", "z").put("d", "1").erase("e").commit_to(*s);
  t.same("put c, erase_range a to z, put d, erase e", {{"d", "1"}}, scanned(*s));
}

void check_replacing(trial& t) {
  auto s = t.open_fresh();
  for (const std::string& v : {std::string("v"), std::string(9000, 'x'), std::string("w"),
                               std::string(), std::string(5, '\0')}) {
    put(*s, "k", v);
    t.same("get after a put of " + std::to_string(v.size()) + " bytes", v, s->get("k"));
  }
}

void check_erase(trial& t) {
  auto s = t.open_fresh();
  batch_of().erase("absent").put("a", "1").commit_to(*s);
  batch_of().erase("absent").erase("a").erase("a").commit_to(*s);
  t.same("a scan after everything was erased", {}, scanned(*s));
}

void check_empty_batch(trial& t) {
  auto s = t.open_fresh();
  batch_of().commit_to(*s);
  batch_of().commit_to(*s, durability::process);
  t.same("a scan after empty batches", {}, scanned(*s));
}

void check_durabilities(trial& t) {
  auto s = t.open_fresh();
  batch_of().put("a", "1").commit_to(*s, durability::process);
  t.same("get after a commit with durability::process", "1", s->get("a"));
  batch_of().put("b", "2").commit_to(*s, durability::sync);
  batch_of().put("c", "3").commit_to(*s, durability::process);
  t.same("a scan after one with process, one with sync, one with process",
         {{"a", "1"}, {"b", "2"}, {"c", "3"}}, scanned(*s));
}

void check_erase_range(trial& t) {
  auto s = t.open_fresh();
  batch_of b;
  for (const char* k : {"a", "b", "b\x01", "bb", "c", "d"}) b.put(k, "v");
  b.commit_to(*s);
  batch_of().erase_range("b", "c").commit_to(*s);
  t.same("a, b, b\\x01, bb, c, d without b to c", {{"a", "v"}, {"c", "v"}, {"d", "v"}},
         scanned(*s));
  batch_of().erase_range("", "a").commit_to(*s);
  t.same("then without what is below a", {{"a", "v"}, {"c", "v"}, {"d", "v"}}, scanned(*s));
  batch_of().erase_range("", "b").commit_to(*s);
  t.same("then without what is below b", {{"c", "v"}, {"d", "v"}}, scanned(*s));
  batch_of().erase_range("cc", std::string(600, '\xff')).commit_to(*s);
  t.same("then without cc to 600 bytes of 0xff", {{"c", "v"}}, scanned(*s));
}

void check_erase_nothing(trial& t) {
  auto s = t.open_fresh();
  put(*s, "b", "v");
  batch_of().erase_range("a", "").erase_range("", "").commit_to(*s);
  t.same("get b after erase_range a to \"\", and \"\" to \"\"", "v", s->get("b"));
  batch_of().erase_range("c", "a").erase_range("b", "b").commit_to(*s);
  t.same("get b after erase_range c to a, and b to b", "v", s->get("b"));
}

void check_erase_much(trial& t) {
  auto s = t.open_fresh();
  batch_of b;
  for (int i = 1000; i < 3000; ++i) b.put("k" + std::to_string(i), std::string(100, 'v'));
  b.commit_to(*s);
  batch_of().put("k1500x", "in").erase_range("k1500", "k2500").put("k1700", "late").commit_to(*s);
  t.same_count("keys left of k1000 to k2999, without k1500 to k2499, with k1700", 1001,
               scanned(*s).size());
  t.holds("k1499, just before the range, is there", s->get("k1499").has_value());
  t.holds("k2500, just after it, is there", s->get("k2500").has_value());
  t.same("get k1700, put after the range was erased", "late", s->get("k1700"));
  t.same("get k1500x, put before it was", nothing, s->get("k1500x"));
}

void check_expect(trial& t) {
  auto s = t.open_fresh();
  batch_of().expect("k", std::nullopt).put("k", "").commit_to(*s);
  batch_of().expect("k", "").put("k", "2").commit_to(*s);
  batch_of().expect("k", "2").commit_to(*s);
  t.same("get after a batch that only expects", "2", s->get("k"));
  batch_of().expect("k", "2").expect("absent", std::nullopt).erase("k").commit_to(*s);
  t.same("a scan after all expectations held", {}, scanned(*s));
}

void check_expect_fails(trial& t) {
  auto s = t.open_fresh();
  put(*s, "k", "1");
  const auto check = [&](std::string_view what, std::string key, std::optional<std::string> v) {
    t.refuses(what, errc::conflict, [&] {
      batch_of b;
      b.put("a", "x").erase("k").erase_range("", "z").expect(std::move(key), std::move(v));
      b.put("z", "x").commit_to(*s);
    });
  };
  check("expect another value", "k", "2");
  check("expect an empty value where there is another", "k", "");
  check("expect absent where there is a value", "k", std::nullopt);
  check("expect a value of an absent key", "absent", "1");
  check("expect an empty value of an absent key", "absent", "");
  t.refuses("a batch that only expects", errc::conflict,
            [&] { batch_of().expect("k", "2").commit_to(*s); });
  t.same("a scan after all were refused", {{"k", "1"}}, scanned(*s));
  put(*s, "still", "usable");
  t.same("get after the next commit", "usable", s->get("still"));
  s->close();
  s = t.open();
  t.same("a scan after opening anew", {{"k", "1"}, {"still", "usable"}}, scanned(*s));
}

void check_expect_before(trial& t) {
  auto s = t.open_fresh();
  put(*s, "k", "1");
  batch_of().put("k", "2").expect("k", "1").commit_to(*s);
  t.same("get after put 2, expect 1", "2", s->get("k"));
  t.refuses("put 3, expect 3, where there is 2", errc::conflict,
            [&] { batch_of().put("k", "3").expect("k", "3").commit_to(*s); });
  t.same("get after that was refused", "2", s->get("k"));
}

constexpr clause kClauses[] = {
    {"get: the value, or nothing", check_get},
    {"commit: a batch becomes visible together", check_together},
    {"batch: operations apply in the order in which they were added", check_order_in_batch},
    {"put: replaces a value by a longer, a shorter and an empty one", check_replacing},
    {"erase: no error if the key is absent", check_erase},
    {"commit: an empty batch is fine", check_empty_batch},
    {"commit: each durability is visible at once", check_durabilities},
    {"erase_range: removes every key k with from <= k < to", check_erase_range},
    {"erase_range: nothing is below an empty end, or between a bound and a lower one",
     check_erase_nothing},
    {"erase_range: a thousand keys and many pages, and nothing beside them", check_erase_much},
    {"expect: holds for an equal value, for an absent key, and for an empty value", check_expect},
    {"expect: else the commit is refused with errc::conflict, and nothing is applied",
     check_expect_fails},
    {"expect: is about the state before the batch, wherever it stands in it", check_expect_before},
};

}  // namespace

std::span<const clause> commit_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
