// How long keys and values may be, and the error for longer ones.
#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

void check_keys(trial& t) {
  auto s = t.open_fresh();
  const std::size_t longest = s->info().key_bytes_max;
  t.holds("info().key_bytes_max is at least 511", longest >= 511);
  model expected;
  for (std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{500}, longest}) {
    for (char c : {'\0', 'k', '\x7f', '\x80', '\xff'}) expected[std::string(n, c)] = "v";
  }
  batch_of b;
  for (const auto& [k, v] : expected) b.put(k, v);
  b.commit_to(*s);
  t.same("a scan of keys of 1 to " + std::to_string(longest) + " bytes", all_of(expected),
         scanned(*s));
  for (const auto& [k, v] : expected) t.same("get of each of them", v, s->get(k));
}

void check_wrong_keys(trial& t) {
  auto s = t.open_fresh();
  const std::string too_long(s->info().key_bytes_max + 1, 'k');
  for (const std::string& k : {std::string(), too_long}) {
    const std::string length = " of " + std::to_string(k.size()) + " bytes";
    t.fails("get a key" + length, errc::usage, [&] { (void)s->get(k); });
    t.refuses("put a key" + length, errc::usage,
              [&] { batch_of().put("a", "1").put(k, "v").commit_to(*s); });
    t.refuses("erase a key" + length, errc::usage,
              [&] { batch_of().put("a", "1").erase(k).commit_to(*s); });
    t.refuses("expect a key" + length, errc::usage,
              [&] { batch_of().put("a", "1").expect(k, std::nullopt).commit_to(*s); });
  }
  t.same("a scan after all were refused", {}, scanned(*s));
}

void check_values(trial& t) {
  auto s = t.open_fresh();
  model expected;
  batch_of b;
  for (std::size_t n : {0u, 1u, 2000u, 4071u, 4080u, 4081u, 4096u, 65536u, 1u << 20}) {
    std::string v(n, '\0');
    for (std::size_t i = 0; i < n; ++i) v[i] = static_cast<char>(i * 31 + n);
    b.put("k" + std::to_string(n), v);
    expected["k" + std::to_string(n)] = v;
  }
  b.commit_to(*s);
  t.same("a scan of values of 0 bytes to 1 MiB", all_of(expected), scanned(*s));
  for (const auto& [k, v] : expected) t.same("get of each of them", v, s->get(k));
  s->close();
  t.same("a scan after opening anew", all_of(expected), scanned(*t.open()));
}

void check_wrong_values(trial& t) {
  auto s = t.open_fresh();
  constexpr std::size_t tried_bytes_max = 64u << 20;
  const std::size_t longest = s->info().value_bytes_max;
  if (longest > tried_bytes_max) {
    throw clause_skipped{"it takes values of " + std::to_string(longest) +
                         " bytes, and more than 64 MiB aren't tried"};
  }
  t.holds("info().value_bytes_max is at least 1 MiB", longest >= 1u << 20);
  batch_of().put("a", std::string(longest, 'v')).commit_to(*s);
  t.same("get of the longest value", std::string(longest, 'v'), s->get("a"));
  t.refuses("put a value of one byte more", errc::usage, [&] {
    batch_of().put("b", "1").put("c", std::string(longest + 1, 'v')).commit_to(*s);
  });
  t.same("get of another key of the refused batch", nothing, s->get("b"));
}

void check_large_batch(trial& t) {
  auto s = t.open_fresh();
  model expected;
  batch_of b;
  for (int i = 0; i < 10000; ++i) {
    std::string k = std::to_string((i * 7919) % 10007);
    b.put(k, std::to_string(i));
    expected[k] = std::to_string(i);
  }
  b.commit_to(*s);
  t.same("a scan after ten thousand puts", all_of(expected), scanned(*s));
}

constexpr clause kClauses[] = {
    {"store: a key is 1 to key_bytes_max bytes of any value", check_keys},
    {"store: an empty or too long key is errc::usage, and the whole batch is refused",
     check_wrong_keys},
    {"store: values of 1 MiB, and around the sizes of pages", check_values},
    {"store: a value of more than value_bytes_max is errc::usage, and the whole batch is refused",
     check_wrong_values},
    {"commit: ten thousand operations at once", check_large_batch},
};

}  // namespace

std::span<const clause> limit_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
