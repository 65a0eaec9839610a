#include "engine/tables/user_tables.hpp"

#include <utility>

#include <stet/transaction.hpp>

#include "base/bytes.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

constexpr std::size_t key_bytes_max = 400;

[[noreturn]] void throw_other_type() {
  throw error(errc::payload, "scan", "a table's key isn't of the type that is asked for");
}

/// The first entry of [from, to) in a map, or if `backward` the last.
template <class Map>
auto edge(const Map& m, const std::string& from, const std::string& to, bool backward) {
  if (from >= to) return m.end();
  auto at = m.lower_bound(backward ? to : from);
  if (backward) {
    if (at == m.begin()) return m.end();
    --at;
    return at->first >= from ? at : m.end();
  }
  return at != m.end() && at->first < to ? at : m.end();
}

}  // namespace

void put_key_text(std::string& out, std::string_view text) { keys::put_text(out, text); }
std::string take_key_text(std::string_view& in) {
  source from(in);
  try {
    auto text = keys::take_text(from);
    in = from.rest();
    return text;
  } catch (const malformed&) { throw_other_type(); }
}
void put_key_number(std::string& out, std::uint64_t bits, std::size_t bytes) {
  for (auto i = bytes; i-- > 0;) out.push_back(static_cast<char>(bits >> (8 * i)));
}
std::uint64_t take_key_number(std::string_view& in, std::size_t bytes) {
  if (in.size() < bytes) throw_other_type();
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes; ++i) bits = bits << 8 | static_cast<unsigned char>(in[i]);
  in.remove_prefix(bytes);
  return bits;
}

std::string state_key(std::string_view table, std::string_view key) {
  std::string whole;
  keys::put_text(whole, table);
  whole += key;
  if (whole.size() > key_bytes_max)
    throw error(errc::usage, table,
                "a key of the table " + shown(table) + " has " + std::to_string(whole.size()) +
                    " bytes with the table's name, and at most " + std::to_string(key_bytes_max) +
                    " are possible");
  return whole;
}
std::pair<std::string, std::string> state_range(std::string_view table) {
  std::string first;
  keys::put_text(first, table);
  auto end = keys::end_of(first);
  return {std::move(first), std::move(end)};
}
std::string_view own_key(std::string_view key) {
  source in(key);
  try {
    (void)keys::take_text(in);
  } catch (const malformed&) { throw_other_type(); }
  return in.rest();
}

std::string user_tables::opened(std::string_view key, std::string_view stored) const {
  return payloads_.open_entry(stored, keys::name_space_of_state(key), key);
}

/// Keeps what is thrown, since a body may catch it.
template <class F> auto user_tables::from_store(F f) const {
  try {
    return f();
  } catch (...) {
    failed_ = std::current_exception();
    throw;
  }
}

std::optional<std::string> user_tables::get(const std::string& key) const {
  auto at = staged_.find(key);
  if (at != staged_.end()) return at->second.value;
  auto stored = from_store([&] { return store_.get(key); });
  if (stored) stored = opened(key, *stored);
  return stored;
}

bool user_tables::next(const std::string& from, const std::string& to, bool backward,
                       const table_writes& on_top, std::string& key, std::string& value) const {
  auto low = from, high = to;
  for (;;) {  // until it finds an entry that isn't erased
    std::optional<std::string> found;
    std::optional<std::string> content;
    bool is_stored = false;
    auto offer = [&](const std::string& k, const std::optional<std::string>& v, bool stored) {
      if (found && (backward ? k < *found : k > *found)) return;
      found = k;
      content = v;
      is_stored = stored;
    };
    from_store([&] {
      scan(store_, {.from = low, .to = high, .backward = backward},
           [&](std::string_view k, std::string_view v) {
             offer(std::string(k), std::string(v), true);
             return false;
           });
    });
    if (auto at = edge(staged_, low, high, backward); at != staged_.end())
      offer(at->first, at->second.value, false);
    if (auto at = edge(on_top, low, high, backward); at != on_top.end())
      offer(at->first, at->second, false);
    if (!found) return false;
    if (content) {
      value = is_stored ? opened(*found, *content) : *std::move(content);
      key = *std::move(found);
      return true;
    }
    if (backward) high = *found;
    else (low = *found) += '\0';
  }
}

sealed_writes user_tables::seal(table_writes&& writes) const {
  sealed_writes sealed;
  sealed.reserve(writes.size());
  while (!writes.empty()) {
    auto write = writes.extract(writes.begin());
    auto& [key, value, stored] =
        sealed.emplace_back(std::move(write.key()), std::move(write.mapped()), std::string());
    if (value) stored = payloads_.seal_entry(*value, keys::name_space_of_state(key), key);
  }
  return sealed;
}
void user_tables::stage(sealed_writes&& writes, batch& extra_writes) {
  for (auto& [key, value, stored] : writes) {
    if (value) extra_writes.put(key, std::move(stored));
    else extra_writes.erase(key);
    filling_.push_back(key);
    staged_.insert_or_assign(std::move(key), entry{std::move(value), block_});
  }
}
void user_tables::forget(const std::string& from, const std::string& to, batch& extra_writes) {
  auto first = staged_.lower_bound(from), last = staged_.lower_bound(to);
  bool any = first != last;
  scan(store_, {from, to}, [&](std::string_view, std::string_view) {
    any = true;
    return false;
  });
  if (!any) return;
  extra_writes.erase_range(from, to);
  for (; first != last; ++first) {
    first->second = entry{std::nullopt, block_};
    filling_.push_back(first->first);
  }
}
void user_tables::sealed() {
  flying_.insert(flying_.end(), filling_.begin(), filling_.end());
  filling_.clear();
  ++block_;
}
void user_tables::committed() noexcept {
  for (auto& key : std::exchange(flying_, {}))
    if (auto at = staged_.find(key); at != staged_.end() && at->second.block < block_)
      staged_.erase(at);
}

transaction_state::transaction_state(const user_tables& s, std::string_view name_space)
    : below(s), prefix(keys::state_prefix(name_space)) {}

}  // namespace detail

std::optional<std::string> transaction::read(const std::string& key) const {
  auto whole = state_->prefix + key;
  auto own = state_->writes.find(whole);
  return own != state_->writes.end() ? own->second : state_->below.get(whole);
}
void transaction::write(std::string key, std::optional<std::string> value) {
  state_->writes.insert_or_assign(key.insert(0, state_->prefix), std::move(value));
}
bool transaction::next(const std::string& from, const std::string& to, bool backward,
                       std::string& key, std::string& value) const {
  auto& prefix = state_->prefix;
  if (!state_->below.next(prefix + from, prefix + to, backward, state_->writes, key, value))
    return false;
  key.erase(0, prefix.size());
  return true;
}

}}  // namespace stet::v0
