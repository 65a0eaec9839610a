// Filters over runs: the argument of admin::list and admin::count. A filter is made from typed
// attributes, or from a text in Temporal's syntax.
//
//     inline constexpr stet::attribute<std::string> Customer{"customer"};
//     using namespace stet::built_in;
//     engine.admin().list(Customer == who && ExecutionStatus == stet::status::running);
//     engine.admin().list("customer = " + stet::quoted(who) + " AND ExecutionStatus = 'Running'");
#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/export.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/kinds.hpp>
#include <stet/names.hpp>
#include <stet/time.hpp>

namespace stet { inline namespace v0 {

/// Returns a text as a filter has it: in quotes, with the quotes and backslashes in it escaped. So
/// a value from outside stays a value, whatever it holds: `"customer = " + stet::quoted(who)`.
STET_API std::string quoted(std::string_view text);

/// A filter over runs. It owns its text.
class STET_API run_filter {
 public:
  /// Lets every run through.
  run_filter() = default;
  /// Makes a filter from a text (docs/guide/searching.md). The text is parsed by the call that
  /// takes the filter, and by `&&`, `||` and `!`. Put values from outside through stet::quoted.
  template <class S>
    requires(std::convertible_to<const S&, std::string_view> && !std::same_as<S, run_filter>)
  run_filter(const S& text) : run_filter(shape::unchecked, std::string(std::string_view(text))) {}

  /// Returns the filter as a text.
  const std::string& text() const noexcept { return text_; }

  /// Lets the runs through that both filters let through. A filter that was made from a text is
  /// one condition here: it can't end the filter that it is joined to.
  /// Throws   errc::usage for a text that makes no sense; so do `||` and `!`.
  STET_API friend run_filter operator&&(run_filter a, const run_filter& b);
  /// Lets the runs through that at least one of two filters lets through.
  STET_API friend run_filter operator||(run_filter a, const run_filter& b);
  /// Lets the runs through that a filter holds back.
  STET_API friend run_filter operator!(const run_filter& a);

  /// Returns a comparison of an attribute: its name, and the rest of the condition.
  static run_filter compares(std::string name, std::string_view rest);
  /// Returns a filter that lets no run through.
  static run_filter nothing();

 private:
  enum class shape : std::uint8_t { everything, unchecked, one, both, either, inverse };
  run_filter(shape what, std::string text);
  std::string as_part(bool of_or) const;

  shape shape_ = shape::everything;
  std::string text_;
};

namespace detail {

/// The value of WorkflowType: a text, or the name of a workflow.
struct type_of_run {};

STET_API std::string filter_value(std::int64_t v);
STET_API std::string filter_value(std::uint64_t v);
/// Throws   errc::usage for a value that is no number.
STET_API std::string filter_value(double v);
/// Throws   errc::usage for a time outside of the years 0 to 9999.
STET_API std::string filter_value(time_point v);
STET_API std::string filter_value(duration v);
/// Returns the name of an attribute in back-ticks.
STET_API std::string filter_name(std::string_view name);

template <class V>
concept plain_number =
    std::is_arithmetic_v<V> && !std::same_as<V, bool> && !std::same_as<V, char> &&
    !std::same_as<V, wchar_t> && !std::same_as<V, char8_t> && !std::same_as<V, char16_t> &&
    !std::same_as<V, char32_t>;
template <class V>
concept like_text = std::convertible_to<const V&, std::string_view>;
template <class V> struct is_system_time : std::false_type {};
template <class D> struct is_system_time<std::chrono::sys_time<D>> : std::true_type {};
template <class V> struct is_duration : std::false_type {};
template <class R, class P> struct is_duration<std::chrono::duration<R, P>> : std::true_type {};

template <class T>
inline constexpr bool holds_number = std::same_as<T, std::int64_t> || std::same_as<T, double>;
template <class T>
inline constexpr bool holds_text =
    std::same_as<T, std::string> || std::same_as<T, std::vector<std::string>> ||
    std::same_as<T, type_of_run>;

/// Whether an attribute of type `T` can be compared with a `V`.
template <class V, class T>
concept filter_value_of =
    (std::same_as<T, bool> && std::same_as<V, bool>) || (holds_number<T> && plain_number<V>) ||
    (std::same_as<T, time_point> && is_system_time<V>::value) ||
    (std::same_as<T, duration> && is_duration<V>::value) ||
    (std::same_as<T, status> && std::same_as<V, status>) || (holds_text<T> && like_text<V>) ||
    (std::same_as<T, type_of_run> && std::derived_from<V, name>);
/// Whether the values of type `T` have an order.
template <class T>
concept filter_ordered = holds_number<T> || std::same_as<T, time_point> ||
                         std::same_as<T, duration> || std::same_as<T, std::string>;

template <class T, class V> std::string filter_text(const V& v) {
  if constexpr (std::same_as<T, bool>) return v ? "true" : "false";
  else if constexpr (std::is_floating_point_v<V>) return filter_value(static_cast<double>(v));
  else if constexpr (std::is_signed_v<V>) return filter_value(static_cast<std::int64_t>(v));
  else if constexpr (std::is_unsigned_v<V>) return filter_value(static_cast<std::uint64_t>(v));
  else if constexpr (std::same_as<T, time_point> || std::same_as<T, duration>)
    return filter_value(std::chrono::floor<duration>(v));
  else if constexpr (std::same_as<T, status>) return quoted(to_text(v));
  else if constexpr (std::derived_from<V, name>) return quoted(v.text());
  else return quoted(std::string_view(v));
}

template <class T> consteval void refuse_filter_value() {
  static_assert(
      never<T>,
      "stet: an attribute is compared with a value of its own type: a number, a text, a bool, a "
      "time of std::chrono::system_clock, a length of time with a unit, and ExecutionStatus "
      "with stet::status::running; texts, numbers and times have an order too. An optional is no "
      "value: write *it");
}
template <class T> consteval void refuse_bare_attribute() {
  static_assert(never<T>,
                "stet: an attribute by itself is no filter: compare it with a value, Late == true, "
                "or Late == false, which runs without the attribute aren't");
}

/// The comparisons of an attribute `Key` that holds a `T`.
template <class Key, class T> class filter_key {
 public:
  template <filter_value_of<T> V> friend run_filter operator==(const Key& k, const V& v) {
    return k.compared("= ", filter_text<T>(v));
  }
  template <filter_value_of<T> V> friend run_filter operator!=(const Key& k, const V& v) {
    return k.compared("!= ", filter_text<T>(v));
  }
  template <filter_value_of<T> V>
    requires filter_ordered<T>
  friend run_filter operator<(const Key& k, const V& v) {
    return k.compared("< ", filter_text<T>(v));
  }
  template <filter_value_of<T> V>
    requires filter_ordered<T>
  friend run_filter operator<=(const Key& k, const V& v) {
    return k.compared("<= ", filter_text<T>(v));
  }
  template <filter_value_of<T> V>
    requires filter_ordered<T>
  friend run_filter operator>(const Key& k, const V& v) {
    return k.compared("> ", filter_text<T>(v));
  }
  template <filter_value_of<T> V>
    requires filter_ordered<T>
  friend run_filter operator>=(const Key& k, const V& v) {
    return k.compared(">= ", filter_text<T>(v));
  }
  // ---------------------------------------------- compile errors that say what to write
#define STET_REFUSE_COMPARISON(op, fits)                \
  template <class V>                                    \
    requires(!(fits) && !std::derived_from<V, name>)    \
  friend run_filter operator op(const Key&, const V&) { \
    refuse_filter_value<V>();                           \
    return {};                                          \
  }
  STET_REFUSE_COMPARISON(==, (filter_value_of<V, T>))
  STET_REFUSE_COMPARISON(!=, (filter_value_of<V, T>))
  STET_REFUSE_COMPARISON(<, (filter_value_of<V, T> && filter_ordered<T>))
  STET_REFUSE_COMPARISON(<=, (filter_value_of<V, T> && filter_ordered<T>))
  STET_REFUSE_COMPARISON(>, (filter_value_of<V, T> && filter_ordered<T>))
  STET_REFUSE_COMPARISON(>=, (filter_value_of<V, T> && filter_ordered<T>))
#undef STET_REFUSE_COMPARISON
  template <std::same_as<run_filter> F> operator F() const {
    refuse_bare_attribute<F>();
    return {};
  }
  template <std::same_as<bool> B> explicit operator B() const {
    refuse_bare_attribute<B>();
    return false;
  }
  /// Lets the runs through whose value is one of these, at most 1,000. Without values it lets no
  /// run through.
  template <filter_value_of<T> V> run_filter in(std::initializer_list<V> values) const {
    return one_of(values);
  }
  template <class Values>
    requires filter_value_of<typename Values::value_type, T>
  run_filter in(const Values& values) const {
    return one_of(values);
  }
  /// Lets the runs through whose value is between two values, or one of them.
  template <filter_value_of<T> V, filter_value_of<T> W>
    requires filter_ordered<T>
  run_filter between(const V& first, const W& last) const {
    return compared("BETWEEN ", filter_text<T>(first) + " AND " + filter_text<T>(last));
  }
  template <like_text V>
    requires holds_text<T>
  run_filter starts_with(const V& text) const {
    return compared("STARTS_WITH ", quoted(std::string_view(text)));
  }
  /// Lets the runs through that don't have the attribute.
  run_filter is_null() const { return compared("IS NULL", {}); }
  /// Lets the runs through that have the attribute.
  run_filter is_not_null() const { return compared("IS NOT NULL", {}); }

 private:
  run_filter compared(std::string_view how, std::string_view value) const {
    return run_filter::compares(filter_name(static_cast<const Key&>(*this).text()),
                                std::string(how).append(value));
  }
  template <class Values> run_filter one_of(const Values& values) const {
    std::string all;
    for (const auto& v : values) all.append(all.empty() ? "" : ", ").append(filter_text<T>(v));
    return all.empty() ? run_filter::nothing() : compared("IN (", all + ")");
  }
};

}  // namespace detail

/// An attribute that every run has without a setting: see built_in.
template <class T> class built_in_attribute : public detail::filter_key<built_in_attribute<T>, T> {
 public:
  constexpr explicit built_in_attribute(const char* name) noexcept : name_(name) {}
  constexpr std::string_view text() const noexcept { return name_; }

 private:
  std::string_view name_;
};

/// The attributes that every run has, by the names that they have in a text.
namespace built_in {
/// The run's id.
inline constexpr built_in_attribute<std::string> WorkflowId{"WorkflowId"};
/// The name of its workflow: `WorkflowType == Pay`, or a text.
inline constexpr built_in_attribute<detail::type_of_run> WorkflowType{"WorkflowType"};
/// The version of its workflow; empty if it has none.
inline constexpr built_in_attribute<std::string> WorkflowVersion{"WorkflowVersion"};
/// Its state: `ExecutionStatus == stet::status::stalled`.
inline constexpr built_in_attribute<status> ExecutionStatus{"ExecutionStatus"};
/// When it began.
inline constexpr built_in_attribute<time_point> StartTime{"StartTime"};
/// When it ended. A run that hasn't ended doesn't have it: `CloseTime.is_null()`.
inline constexpr built_in_attribute<time_point> CloseTime{"CloseTime"};
/// How long it took. A run that hasn't ended doesn't have it.
inline constexpr built_in_attribute<duration> ExecutionDuration{"ExecutionDuration"};
/// The number of records of its history.
inline constexpr built_in_attribute<std::int64_t> HistoryLength{"HistoryLength"};
/// Its number.
inline constexpr built_in_attribute<std::int64_t> RunId{"RunId"};
}  // namespace built_in

}}  // namespace stet::v0
