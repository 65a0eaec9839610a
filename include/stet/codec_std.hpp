// The codecs of the core: numbers, texts, the standard library's vocabulary types and ordered
// containers. <stet/codec.hpp> includes this header. docs/format.md says what each type is on disk.
#pragma once
#include <stet/codec.hpp>
#include <stet/found.hpp>

namespace stet { inline namespace v0 {

template <> struct codec<bool> {
  static void encode(writer& out, bool v) { out.boolean(v); }
  static bool decode(reader& in) { return in.boolean(); }
};

/// Integers of up to 64 bits are stored as their value: a value may be read back as another type
/// that can hold it.
template <std::integral T>
  requires(sizeof(T) <= 8)
struct codec<T> {
  static void encode(writer& out, T v) {
    if constexpr (std::is_signed_v<T>) out.integer(v);
    else out.natural(v);
  }
  static T decode(reader& in) {
    if constexpr (std::is_signed_v<T>) {
      const std::int64_t v = in.integer();
      if (v != static_cast<T>(v)) in.fail("a number that fits its type");
      return static_cast<T>(v);
    } else {
      const std::uint64_t v = in.natural();
      if (v != static_cast<T>(v)) in.fail("a number that fits its type");
      return static_cast<T>(v);
    }
  }
};

/// A char is stored as 0 to 255, also where char is signed.
template <> struct codec<char> {
  static void encode(writer& out, char v) { out.natural(static_cast<unsigned char>(v)); }
  static char decode(reader& in) { return static_cast<char>(codec<unsigned char>::decode(in)); }
};

/// Floating-point numbers are stored as a double. A long double is rounded to one, and so is the
/// duration `7.5s`, whose count is a long double.
template <std::floating_point T> struct codec<T> {
  static void encode(writer& out, T v) { out.number(static_cast<double>(v)); }
  static T decode(reader& in) {
    double v = in.number();
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    const bool finite = v > -infinity && v < infinity;
    if (finite && (v < std::numeric_limits<T>::lowest() || v > std::numeric_limits<T>::max()))
      in.fail("a number that fits its type");
    return static_cast<T>(v);
  }
};

/// Enumerations are stored as their number, in every translation unit alike; a number without an
/// enumerator is accepted. To store their names: json_codec<E>.
template <class T>
  requires std::is_enum_v<T>
struct codec<T> {
  using number = std::underlying_type_t<T>;
  static void encode(writer& out, T v) { codec<number>::encode(out, static_cast<number>(v)); }
  static T decode(reader& in) { return static_cast<T>(codec<number>::decode(in)); }
};

/// A text; see writer::text.
template <> struct codec<std::string> {
  static void encode(writer& out, const std::string& v) { out.text(v); }
  static std::string decode(reader& in) { return std::string(in.text()); }
};

/// Bytes, in one piece.
template <> struct codec<std::vector<std::byte>> {
  static void encode(writer& out, const std::vector<std::byte>& v) {
    out.bytes({reinterpret_cast<const char*>(v.data()), v.size()});
  }
  static std::vector<std::byte> decode(reader& in) {
    auto b = in.bytes();
    auto p = reinterpret_cast<const std::byte*>(b.data());
    return {p, p + b.size()};
  }
};

/// A monostate is stored as null.
template <> struct codec<std::monostate> {
  static void encode(writer& out, std::monostate) { out.null(); }
  static std::monostate decode(reader& in) {
    if (!in.null()) in.fail("null");
    return {};
  }
};

/// An optional is stored as an array of no or one item and not as null: so optional<optional<T>> is
/// read back as it was.
template <encodable T> struct codec<std::optional<T>> {
  static void encode(writer& out, const std::optional<T>& v) {
    out.array(v ? 1 : 0);
    if (v) codec<T>::encode(out, *v);
  }
  static std::optional<T> decode(reader& in) {
    auto count = in.array();
    if (count > 1) in.fail("an optional value: an array of no or one item");
    if (count == 0) return std::nullopt;
    return codec<T>::decode(in);
  }
};

/// The result of a look-up is stored as an optional.
template <encodable T> struct codec<found<T>> {
  static void encode(writer& out, const found<T>& v) { codec<std::optional<T>>::encode(out, v); }
  static found<T> decode(reader& in) {
    auto v = codec<std::optional<T>>::decode(in);
    return v ? found<T>(*std::move(v)) : found<T>();
  }
};

template <encodable T> struct codec<std::vector<T>> {
  static void encode(writer& out, const std::vector<T>& v) {
    out.array(v.size());
    for (auto&& x : v) codec<T>::encode(out, x);
  }
  static std::vector<T> decode(reader& in) {
    std::vector<T> v;  // grows with the items that exist, not with what the length says
    for (auto n = in.array(); n > 0; --n) v.push_back(codec<T>::decode(in));
    return v;
  }
};

template <encodable T, std::size_t N> struct codec<std::array<T, N>> {
  static void encode(writer& out, const std::array<T, N>& v) {
    out.array(N);
    for (auto& x : v) codec<T>::encode(out, x);
  }
  static std::array<T, N> decode(reader& in) {
    if (in.array() != N) in.fail("an array of another size");
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<T, N>{((void)I, codec<T>::decode(in))...};
    }(std::make_index_sequence<N>{});
  }
};

/// A pair is stored as an array of two items.
template <encodable A, encodable B> struct codec<std::pair<A, B>> {
  static void encode(writer& out, const std::pair<A, B>& v) {
    out.array(2);
    codec<A>::encode(out, v.first);
    codec<B>::encode(out, v.second);
  }
  static std::pair<A, B> decode(reader& in) {
    if (in.array() != 2) in.fail("a pair: an array of two items");
    A a = codec<A>::decode(in);
    B b = codec<B>::decode(in);
    return {std::move(a), std::move(b)};
  }
};

template <encodable... T> struct codec<std::tuple<T...>> {
  static void encode(writer& out, const std::tuple<T...>& v) {
    out.array(sizeof...(T));
    std::apply([&](const T&... x) { (codec<T>::encode(out, x), ...); }, v);
  }
  static std::tuple<T...> decode(reader& in) {
    if (in.array() != sizeof...(T)) in.fail("another number of values");
    return std::tuple<T...>{codec<T>::decode(in)...};  // braces: in this order
  }
};

/// A variant is stored as the index of its alternative, and the value. Add alternatives at the end
/// only.
template <encodable... T> struct codec<std::variant<T...>> {
  static void encode(writer& out, const std::variant<T...>& v) {
    if (v.valueless_by_exception()) throw std::bad_variant_access();
    out.array(2);
    out.natural(v.index());
    std::visit([&]<class X>(const X& x) { codec<X>::encode(out, x); }, v);
  }
  static std::variant<T...> decode(reader& in) {
    if (in.array() != 2) in.fail("a variant: an array of two items");
    auto index = in.natural();
    if (index >= sizeof...(T)) in.fail("the index of an alternative");
    std::optional<std::variant<T...>> v;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((index == I ? (void)v.emplace(std::in_place_index<I>, codec<T>::decode(in)) : void()), ...);
    }(std::index_sequence_for<T...>{});
    return *std::move(v);
  }
};

/// A duration is stored as its count of ticks: only the type knows their unit.
template <class Rep, class Period>
  requires encodable<Rep>
struct codec<std::chrono::duration<Rep, Period>> {
  using type = std::chrono::duration<Rep, Period>;
  static void encode(writer& out, const type& v) { codec<Rep>::encode(out, v.count()); }
  static type decode(reader& in) { return type(codec<Rep>::decode(in)); }
};

/// A time point is stored as its count of ticks since the clock's epoch.
template <class Clock, class D>
  requires encodable<D>
struct codec<std::chrono::time_point<Clock, D>> {
  using type = std::chrono::time_point<Clock, D>;
  static void encode(writer& out, const type& v) { codec<D>::encode(out, v.time_since_epoch()); }
  static type decode(reader& in) { return type(codec<D>::decode(in)); }
};

namespace detail {
// Ordered maps and sets of any library. Unordered ones have no codec: their order differs from one
// program run to the next.
template <class T>
concept ordered_map = requires {
  typename T::key_compare;
  typename T::mapped_type;
};
template <class T>
concept ordered_set = requires {
  typename T::key_compare;
  typename T::key_type;
} && !ordered_map<T>;
}  // namespace detail

/// std::map, std::multimap and their like.
template <detail::ordered_map T>
  requires encodable<typename T::key_type> && encodable<typename T::mapped_type>
struct codec<T> {
  using key = typename T::key_type;
  using mapped = typename T::mapped_type;
  static void encode(writer& out, const T& v) {
    out.map(v.size());
    for (auto& [k, m] : v) {
      codec<key>::encode(out, k);
      codec<mapped>::encode(out, m);
    }
  }
  static T decode(reader& in) {
    T v;
    const auto count = in.map();
    for (auto n = count; n > 0; --n) {
      auto k = codec<key>::decode(in);
      v.emplace_hint(v.end(), std::move(k), codec<mapped>::decode(in));
    }
    if (v.size() != count) in.fail("a map whose keys differ");
    return v;
  }
};

/// std::set, std::multiset and their like.
template <detail::ordered_set T>
  requires encodable<typename T::key_type>
struct codec<T> {
  using key = typename T::key_type;
  static void encode(writer& out, const T& v) {
    out.array(v.size());
    for (auto& k : v) codec<key>::encode(out, k);
  }
  static T decode(reader& in) {
    T v;
    const auto count = in.array();
    for (auto n = count; n > 0; --n) v.emplace_hint(v.end(), codec<key>::decode(in));
    if (v.size() != count) in.fail("a set whose elements differ");
    return v;
  }
};

}  // namespace v0
}  // namespace stet
