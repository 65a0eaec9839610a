#include "index/entries.hpp"

#include <bit>
#include <optional>
#include <set>
#include <utility>

#include "base/checksum.hpp"
#include "base/shown.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

using type = attribute_setting::type;
constexpr std::uint64_t sign_bit = 1ull << 63;

std::string begin(type t) { return std::string(1, static_cast<char>(t)); }
std::string with_number(type t, std::uint64_t n) {
  auto bytes = begin(t);
  put_big_endian(bytes, n);
  return bytes;
}
/// FNV-1a. It only tells long keywords apart: a reader of an entry looks at the run anyway.
std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t h = 0xcbf29ce484222325;
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}
void put_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    out.push_back(c);
    if (c == 0) out.push_back('\xff');
  }
}

/// The entries of attributes: (name, value's bytes).
using entries = std::set<std::pair<std::string, std::string>>;

entries entries_of(std::string_view packed) {
  entries all;
  for (auto& [name, value] : unpack_attributes(packed)) {
    std::visit(
        [&](auto& v) {
          using T = std::remove_cvref_t<decltype(v)>;
          if constexpr (std::is_same_v<T, std::string>) all.emplace(name, ordered_keyword(v));
          else if constexpr (std::is_same_v<T, std::vector<std::string>>)
            for (auto& one : v) all.emplace(name, ordered_keyword(one));
          else all.emplace(name, ordered(v));
        },
        value);
  }
  return all;
}

std::string time_bytes(engine_time t) { return ordered(to_time_point(t)); }

// The value of a counter: 0, the checksum of key and number, the number. Builds before there were
// checksums wrote the number alone; a number of more than these bytes is no count of runs.
constexpr std::size_t bare_count_max = 5;

std::uint32_t sum_of_count(std::string_view key, std::string_view number) {
  return crc32c(std::string(key) += number);
}
std::string encode_count(std::string_view key, std::int64_t n) {
  std::string number, value(1, '\0');
  put_varint(number, static_cast<std::uint64_t>(n));
  put_checksum(value, sum_of_count(key, number));
  return value += number;
}
struct stored_count {
  std::int64_t number;
  bool has_sum;
};
stored_count decode_count(std::string_view key, std::string_view value) {
  source in(value);
  bool has_sum = value.size() > bare_count_max;
  if (has_sum) {
    bool is_right = in.byte() == 0 && take_checksum(in) == sum_of_count(key, in.rest());
    if (!is_right) throw malformed("its checksum is wrong");
  }
  auto number = static_cast<std::int64_t>(in.varint());
  if (!in.done()) throw malformed("it is longer than a number");
  return {number, has_sum};
}

/// Returns workflow and status from an entry of `by_kind`; `value_and_run` is the key from its
/// value on. Returns nullopt if that makes no sense: check() reports it.
std::optional<std::pair<std::string, v0::status>> kind_at(std::string_view value_and_run) {
  try {
    source in(value_and_run);
    auto workflow = keys::take_text(in);
    auto status = static_cast<v0::status>(in.byte());
    if (in.left() != 8) return std::nullopt;
    return std::pair{std::move(workflow), status};
  } catch (const malformed&) { return std::nullopt; }
}
/// Calls `f` with each namespace that has index entries, and with the prefix of its `by_kind`
/// entries.
template <class F> void for_each_namespace(store& s, F f) {
  const auto space = keys::all(keys::space::index), end = keys::end_of(space);
  for (auto from = space; !from.empty();) {
    std::string name_space, kinds, behind;
    scan(s, {from, end}, [&](std::string_view key, std::string_view) {
      try {
        source in(key.substr(space.size()));
        name_space = keys::take_text(in);
        kinds = keys::index_prefix(name_space, by_kind);
        behind = keys::end_of(keys::index_prefix(name_space));
      } catch (const malformed&) { behind = std::string(key) += '\0'; }
      return false;
    });
    if (!kinds.empty()) f(name_space, kinds);
    from = std::move(behind);
  }
}

bool ended(v0::status s) noexcept { return s != v0::status::running && s != v0::status::stalled; }

}  // namespace

std::string ordered(bool v) { return begin(type::boolean) += static_cast<char>(v); }
std::string ordered(std::int64_t v) {
  return with_number(type::integer, static_cast<std::uint64_t>(v) ^ sign_bit);
}
std::string ordered(double v) {
  auto bits = std::bit_cast<std::uint64_t>(v == 0 ? 0.0 : v);  // -0.0 becomes 0.0
  return with_number(type::real, bits & sign_bit ? ~bits : bits ^ sign_bit);
}
std::string ordered(time_point v) {
  return with_number(type::time,
                     static_cast<std::uint64_t>(v.time_since_epoch().count()) ^ sign_bit);
}
std::string ordered_prefix(std::string_view prefix) {
  auto bytes = begin(type::keyword);
  put_escaped(bytes, prefix);
  return bytes;
}
std::string ordered_keyword(std::string_view v) {
  auto bytes = ordered_prefix(v.substr(0, keyword_indexed_max));
  if (v.size() <= keyword_indexed_max) return bytes.append("\0\1", 2);
  bytes.append("\0\2", 2);
  put_big_endian(bytes, hash_of(v));
  return bytes;
}
std::string ordered_kind(std::string_view workflow, v0::status s) {
  std::string bytes;
  keys::put_text(bytes, workflow);
  put_byte(bytes, static_cast<std::uint8_t>(s));
  return bytes;
}

void run_counters::load(store& s, const teller& tell) {
  if (read(s, tell) && has_all_kinds(s)) return;
  auto stored = std::exchange(counts_, {});
  count_anew(s);
  if (stored != counts_ && damaged_.empty())
    tell("the counters of runs aren't what the index of runs gives: they are counted anew");
  for (auto& [k, n] : stored) counts_.try_emplace(k, 0);
  for (auto& [k, n] : counts_) changed_[k] = true;
}
bool run_counters::read(store& s, const teller& tell) {
  counts_.clear();
  changed_.clear();
  damaged_.clear();
  bool all_right = true;
  auto from = keys::all(keys::space::counts), to = keys::end_of(from);
  scan(s, {from, to}, [&](std::string_view key, std::string_view value) {
    try {
      auto parts = keys::parse_count(key);
      auto found = decode_count(key, value);
      counts_[{parts.name_space, parts.workflow, static_cast<v0::status>(parts.status)}] =
          found.number;
      all_right = all_right && found.has_sum;
    } catch (const malformed& e) {
      all_right = false;
      damaged_.emplace_back(key);
      tell("the counter of runs at key " + shown(key) + " can't be read (" + e.what() +
           "): the runs are counted anew");
    }
    return true;
  });
  return all_right;
}
/// Returns true if each kind in the index has a counter. Costs one seek per kind.
bool run_counters::has_all_kinds(store& s) const {
  bool all = true;
  for_each_namespace(s, [&](const std::string& name_space, const std::string& kinds) {
    const auto last = keys::end_of(kinds);
    for (auto from = kinds; all && !from.empty();) {
      std::string behind;
      scan(s, {from, last}, [&](std::string_view key, std::string_view) {
        behind = std::string(key) += '\0';
        if (auto k = kind_at(key.substr(kinds.size()))) {
          auto& [workflow, status] = *k;
          behind = keys::end_of(kinds + ordered_kind(workflow, status));
          all = counts_.contains({name_space, workflow, status});
        }
        return false;
      });
      from = std::move(behind);
    }
  });
  return all;
}
void run_counters::count_anew(store& s) {
  for_each_namespace(s, [&](const std::string& name_space, const std::string& kinds) {
    const auto last = keys::end_of(kinds);
    scan(s, {kinds, last}, [&](std::string_view key, std::string_view) {
      if (auto k = kind_at(key.substr(kinds.size())))
        ++counts_[{name_space, std::move(k->first), k->second}];
      return true;
    });
  });
}
void run_counters::add(std::string_view name_space, std::string_view workflow, v0::status s,
                       int difference) {
  key k{name_space, workflow, s};
  counts_[k] += difference;
  changed_[std::move(k)] = true;
}
void run_counters::put_changes(batch& b) {
  for (auto& key : std::exchange(damaged_, {})) b.erase(std::move(key));
  for (auto& [k, yes] : changed_) {
    auto& [name_space, workflow, s] = k;
    auto key = keys::count(name_space, workflow, static_cast<std::uint8_t>(s));
    auto n = counts_.at(k);
    if (n > 0) {
      auto value = encode_count(key, n);
      b.put(std::move(key), std::move(value));
    } else {
      b.erase(std::move(key));
      counts_.erase(k);
    }
  }
  changed_.clear();
}

void add_index_changes(batch& b, run_state& s, run_counters& counters) {
  auto ns = namespace_of(s);
  auto is = s.shown_status(), was = s.indexed_status;
  if (is != was) {
    if (was != run_state::not_indexed) {
      b.erase(keys::index(ns, by_kind, ordered_kind(s.workflow, was), s.run));
      counters.add(ns, s.workflow, was, -1);
    } else {
      b.put(keys::index(ns, by_start, time_bytes(s.started), s.run), {});
    }
    b.put(keys::index(ns, by_kind, ordered_kind(s.workflow, is), s.run), {});
    counters.add(ns, s.workflow, is, 1);
    if (ended(is)) b.put(keys::index(ns, by_end, time_bytes(s.closed()), s.run), {});
    s.indexed_status = is;
  }
  if (!s.about || s.about->indexed == s.about->attributes) return;
  auto before = entries_of(s.about->indexed), now = entries_of(s.about->attributes);
  for (auto& [name, value] : before)
    if (!now.contains({name, value})) b.erase(keys::index(ns, name, value, s.run));
  for (auto& [name, value] : now)
    if (!before.contains({name, value})) b.put(keys::index(ns, name, value, s.run), {});
  s.about->indexed = s.about->attributes;
}

std::vector<std::string> index_keys(const run_state& s) {
  std::vector<std::string> all;
  if (s.indexed_status == run_state::not_indexed) return all;
  auto ns = namespace_of(s);
  all.push_back(keys::index(ns, by_kind, ordered_kind(s.workflow, s.indexed_status), s.run));
  all.push_back(keys::index(ns, by_start, time_bytes(s.started), s.run));
  if (ended(s.indexed_status))
    all.push_back(keys::index(ns, by_end, time_bytes(s.closed()), s.run));
  if (s.about)
    for (auto& [name, value] : entries_of(s.about->indexed))
      all.push_back(keys::index(ns, name, value, s.run));
  return all;
}

void erase_index(batch& b, const run_state& s, run_counters& counters) {
  for (auto& key : index_keys(s)) b.erase(key);
  if (s.indexed_status != run_state::not_indexed)
    counters.add(namespace_of(s), s.workflow, s.indexed_status, -1);
}

}  // namespace detail
}}  // namespace stet::v0
