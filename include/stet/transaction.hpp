// Transactions on the user's own entries in the engine's store: context::transact and
// client::transact.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/codec.hpp>
#include <stet/error.hpp>
#include <stet/export.hpp>
#include <stet/found.hpp>
#include <stet/names.hpp>
#include <stet/operation.hpp>
#include <stet/options.hpp>
#include <stet/step.hpp>

namespace stet { inline namespace v0 {
namespace detail {

class transaction_state;

// Keys as bytes with the same order as the keys: integers by value, strings by their bytes, tuples
// by their first difference. On disk: docs/format.md.

STET_API void put_key_text(std::string& out, std::string_view text);
STET_API std::string take_key_text(std::string_view& in);
STET_API void put_key_number(std::string& out, std::uint64_t bits, std::size_t bytes);
STET_API std::uint64_t take_key_number(std::string_view& in, std::size_t bytes);

template <class K> struct key_codec;  // a type that can't be a key has none
template <> struct key_codec<std::string> {
  static void put(std::string& out, const std::string& k) { put_key_text(out, k); }
  static std::string take(std::string_view& in) { return take_key_text(in); }
};
template <std::integral K> struct key_codec<K> {
  // Flipping the sign bit sorts negative numbers first.
  static constexpr std::uint64_t sign = std::signed_integral<K> ? 1ull << (8 * sizeof(K) - 1) : 0;
  static constexpr std::uint64_t mask = ~0ull >> (64 - 8 * sizeof(K));
  static void put(std::string& out, K k) {
    put_key_number(out, (static_cast<std::uint64_t>(k) & mask) ^ sign, sizeof(K));
  }
  static K take(std::string_view& in) {
    return static_cast<K>(take_key_number(in, sizeof(K)) ^ sign);
  }
};
template <class K>
  requires std::is_enum_v<K>
struct key_codec<K> {
  using number = std::underlying_type_t<K>;
  static void put(std::string& out, K k) { key_codec<number>::put(out, static_cast<number>(k)); }
  static K take(std::string_view& in) { return static_cast<K>(key_codec<number>::take(in)); }
};
template <class A, class B> struct key_codec<std::pair<A, B>> {
  static void put(std::string& out, const std::pair<A, B>& k) {
    key_codec<A>::put(out, k.first);
    key_codec<B>::put(out, k.second);
  }
  static std::pair<A, B> take(std::string_view& in) {
    auto first = key_codec<A>::take(in);
    return {std::move(first), key_codec<B>::take(in)};
  }
};
template <class... A> struct key_codec<std::tuple<A...>> {
  static void put(std::string& out, const std::tuple<A...>& k) {
    std::apply([&](const A&... a) { (key_codec<A>::put(out, a), ...); }, k);
  }
  static std::tuple<A...> take(std::string_view& in) {
    return std::tuple<A...>{key_codec<A>::take(in)...};  // braces: from left to right
  }
};

template <class K>
concept table_key = requires(std::string& out, const K& k) { key_codec<K>::put(out, k); };

/// Returns the key of an entry, as the store has it.
/// Throws   errc::usage if it is too long.
STET_API std::string state_key(std::string_view table, std::string_view key);
/// Returns the first key of a table, and the first key after the table.
STET_API std::pair<std::string, std::string> state_range(std::string_view table);
/// Returns the part of a key that names the entry in its table.
STET_API std::string_view own_key(std::string_view key);

}  // namespace detail

/// A range of keys for a scan: at least `from` and below `to`; an empty optional is no bound.
template <class K> struct key_range {
  std::optional<K> from{}, to{};
  bool backward = false;  ///< the largest key first
};

/// Reads and writes the user's own entries, in one atomic commit. It sees what all transactions
/// before it wrote, and its own writes. If its function throws, nothing is written. Only one
/// transaction runs at a time.
///
/// Thread   only that of the function that gets it.
class STET_API transaction {
 public:
  explicit transaction(detail::transaction_state& s) noexcept : state_(&s) {}
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  /// Returns the value of a key; an empty optional if it has none.
  ///     auto account = tx.get(Accounts, "ann");
  /// Throws   errc::payload if it was written as another type; store_error.
  template <class K, class V>
  found<V> get(const table<K, V>& t, const std::type_identity_t<K>& key) const {
    auto bytes = read(key_of(t, key));
    if (!bytes)
      return found<V>(std::nullopt, "value of this key in the table " + std::string(t.text()));
    return decode<V>(*bytes);
  }
  /// Sets the value of a key.
  /// Throws   errc::usage if the key is too long, errc::payload if the value is.
  template <class K, class V>
  void put(const table<K, V>& t, const std::type_identity_t<K>& key,
           const std::type_identity_t<V>& value) {
    std::string bytes;
    encode<V>(bytes, value);
    detail::check_arguments(t.text(), bytes.size());
    write(key_of(t, key), std::move(bytes));
  }
  /// Removes a key's value. Returns whether it had one.
  template <class K, class V> bool erase(const table<K, V>& t, const std::type_identity_t<K>& key) {
    auto at = key_of(t, key);
    if (!read(at)) return false;
    write(std::move(at), std::nullopt);
    return true;
  }
  /// Calls `f(key, value)` for each entry, in the order of the keys. If `f` returns a value, false
  /// ends the scan. `f` may write, also entries that the scan has not reached yet.
  ///     tx.scan(Accounts, [&](std::string name, account a) { sum += a.cents; });
  template <class K, class V, class F> void scan(const table<K, V>& t, F&& f) const {
    scan(t, key_range<K>{}, std::forward<F>(f));
  }
  template <class K, class V, class F>
  void scan(const table<K, V>& t, const std::type_identity_t<key_range<K>>& range, F&& f) const {
    auto [from, to] = detail::state_range(t.text());
    if (range.from) from = key_of(t, *range.from);
    if (range.to) to = key_of(t, *range.to);
    std::string key, value;
    while (next(from, to, range.backward, key, value)) {
      auto own = detail::own_key(key);
      auto k = detail::key_codec<K>::take(own);
      if constexpr (std::is_void_v<std::invoke_result_t<F&, K, V>>) {
        f(std::move(k), decode<V>(value));
      } else if (!f(std::move(k), decode<V>(value))) {
        return;
      }
      if (range.backward) to = key;
      else (from = key) += '\0';
    }
  }

 private:
  template <class K, class V> static std::string key_of(const table<K, V>& t, const K& key) {
    static_assert(detail::table_key<K>,
                  "stet: a key of a table is an integer, an enumeration, a std::string, or a "
                  "std::pair or std::tuple of these");
    std::string own;
    detail::key_codec<K>::put(own, key);
    return detail::state_key(t.text(), own);
  }
  std::optional<std::string> read(const std::string& key) const;
  void write(std::string key, std::optional<std::string> value);
  bool next(const std::string& from, const std::string& to, bool backward, std::string& key,
            std::string& value) const;

  detail::transaction_state* state_;
};

namespace detail {

template <class F> using transact_result = std::decay_t<std::invoke_result_t<F&, transaction&>>;

template <class F> consteval bool check_transaction() {
  static_assert(std::is_invocable_v<F&, transaction&>,
                "stet: the function of a transaction takes a stet::transaction&");
  if constexpr (std::is_invocable_v<F&, transaction&>) {
    check_captures<F, std::is_invocable_v<const F&, transaction&>>();
    using R = transact_result<F>;
    static_assert(!awaitable<R>,
                  "stet: the function of a transaction is an ordinary one, no coroutine: it runs "
                  "between two events of the engine");
    static_assert(std::is_void_v<R> || !is_reference_like<R>,
                  "stet: the function of a transaction returns a value: what a pointer or view "
                  "refers to is not there on a replay");
    if constexpr (std::is_void_v<R>) return true;
    else if constexpr (!awaitable<R> && !is_reference_like<R>) return require_codec<R>();
  }
  return false;
}

/// A step that is a transaction.
template <class F> class transact_body final : public request {
 public:
  template <class G>
  transact_body(step_name n, const step_options& o, G&& f)
      : request(wait_kind::step, n.text, n.where), f_(std::forward<G>(f)) {
    options = o;
    transacts = true;
    waits_for_body = !owns<F>;
    stet::encode(arguments, std::tuple<>());
  }
  void run_transaction(transaction& tx, std::string& result) override {
    if constexpr (std::is_void_v<transact_result<F>>) {
      f_(tx);
      writer(result).null();
    } else {
      stet::encode<transact_result<F>>(result, f_(tx));
    }
  }

 private:
  F f_;
};

template <class F> auto make_transact(step_name name, const step_options& o, F&& f) {
  guard_gcc<F>();
  using kept = std::decay_t<F>;
  check_options(name.text, o);
  if constexpr (check_transaction<kept>())
    return v0::operation<transact_result<kept>>(
        new transact_body<kept>(name, o, std::forward<F>(f)));
  else return v0::operation<void>(nullptr);  // a static_assert above has said why
}

}  // namespace detail
}}  // namespace stet::v0
