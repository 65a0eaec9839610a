// Search attributes: typed names and values by which runs are found. A run carries them from its
// start, or sets them itself. The engine indexes them without a declaration.
//
//     inline constexpr stet::attribute<std::string>  Customer{"customer"};
//     inline constexpr stet::attribute<std::int64_t> Cents{"cents"};
//     engine.start(Pay, "pay-7", {.attributes = {Customer("ann"), Cents(1000)}}, order);
//     engine.admin().list(Customer == "ann" && Cents > 500);
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <stet/codec.hpp>
#include <stet/config.hpp>
#include <stet/export.hpp>
#include <stet/filter.hpp>
#include <stet/found.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/names.hpp>
#include <stet/time.hpp>

namespace stet { inline namespace v0 {

/// A text that options own. Made from any string, view or literal; used as a std::string.
struct owned_text : std::string {
  owned_text() = default;
  template <class S>
    requires std::convertible_to<const S&, std::string_view>
  owned_text(const S& text) : std::string(std::string_view(text)) {}
};

/// The types that a search attribute can hold. std::string is Temporal's Keyword,
/// std::vector<std::string> its KeywordList.
template <class T>
concept attribute_type = std::same_as<T, bool> || std::same_as<T, std::int64_t> ||
                         std::same_as<T, double> || std::same_as<T, time_point> ||
                         std::same_as<T, std::string> || std::same_as<T, std::vector<std::string>>;

/// The largest memo of a run, and its longest details, in bytes.
inline constexpr unsigned memo_bytes_max = 32u << 10;
inline constexpr unsigned details_bytes_max = 20u << 10;

/// The value that a run is to have for an attribute, or that it is to have none. Owns its texts.
class attribute_setting {
 public:
  /// On disk: never renumber (docs/format.md).
  enum class type : std::uint8_t {
    none = 0,  // the attribute is removed from the run
    boolean = 1,
    integer = 2,
    real = 3,
    time = 4,
    keyword = 5,
    keywords = 6,
  };
  attribute_setting() = default;
  explicit attribute_setting(std::string_view name) : name_(name) {}
  attribute_setting(std::string_view name, bool v)
      : name_(name), type_(type::boolean), integer_(v) {}
  attribute_setting(std::string_view name, std::int64_t v)
      : name_(name), type_(type::integer), integer_(v) {}
  attribute_setting(std::string_view name, double v) : name_(name), type_(type::real), real_(v) {}
  attribute_setting(std::string_view name, time_point v)
      : name_(name), type_(type::time), integer_(v.time_since_epoch().count()) {}
  attribute_setting(std::string_view name, std::string_view v)
      : name_(name), type_(type::keyword), keyword_(v) {}
  attribute_setting(std::string_view name, const char* v)  // or it would be a bool
      : attribute_setting(name, std::string_view(v)) {}
  attribute_setting(std::string_view name, std::vector<std::string> v)
      : name_(name), type_(type::keywords), keywords_(std::move(v)) {}

  std::string_view name() const noexcept STET_LIFETIMEBOUND { return name_; }
  type what() const noexcept { return type_; }
  std::int64_t integer() const noexcept { return integer_; }
  double real() const noexcept { return real_; }
  std::string_view keyword() const noexcept STET_LIFETIMEBOUND { return keyword_; }
  const std::vector<std::string>& keywords() const noexcept STET_LIFETIMEBOUND { return keywords_; }

 private:
  std::string name_;
  type type_ = type::none;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string keyword_;
  std::vector<std::string> keywords_;
};

namespace detail {
/// The result of an assignment to an attribute, which doesn't compile: it fits where a filter
/// belongs, and where a setting does.
struct assigned_attribute : attribute_setting {
  operator run_filter() const;
};
}  // namespace detail

/// A search attribute: `inline constexpr stet::attribute<std::int64_t> Cents{"cents"};`
/// Its name has at most 64 bytes. A call that sets an attribute with the name of a built-in one
/// (docs/guide/searching.md) throws errc::usage.
///
/// Compared with a value it is a filter: `Cents > 500`, `Customer == who`, `Customer.in(names)`,
/// `Cents.between(1, 9)`, `Customer.starts_with("a")`, `Customer.is_null()` (filter.hpp).
template <class T>
class attribute : public detail::name, public detail::filter_key<attribute<T>, T> {
 public:
  using value_type = T;
  consteval explicit attribute(const char* literal) : detail::name(literal) {
    static_assert(attribute_type<T>,
                  "stet: a search attribute is a bool, std::int64_t, double, std::string, "
                  "stet::time_point or std::vector<std::string>");
    if (text().size() > 64) throw "the name of a search attribute has at most 64 bytes";
  }
  /// Returns a setting of this attribute to `value`, for a start or for context::set_attributes:
  /// `Customer("ann")`. A keyword has at most 2,048 bytes.
  attribute_setting operator()(const T& value) const
    requires(!std::same_as<T, std::string>)
  {
    return attribute_setting(text(), value);
  }
  attribute_setting operator()(std::string_view value) const
    requires std::same_as<T, std::string>
  {
    return attribute_setting(text(), value);
  }
  /// Returns a setting that removes this attribute from a run.
  attribute_setting unset() const { return attribute_setting(text()); }
  template <class V> detail::assigned_attribute operator=(const V&) const {
    static_assert(detail::never<V>,
                  "stet: an attribute is compared by ==, as in list(Customer == who), and set by a "
                  "call, as in ctx.set_attributes(Customer(who))");
    return {};
  }
};

/// A list of up to 16 settings.
class STET_API attribute_list {
 public:
  static constexpr std::size_t count_max = 16;
  attribute_list() = default;
  /// Makes a list of one setting.
  attribute_list(attribute_setting one) { add(std::move(one)); }
  /// Makes a list of these settings.
  /// Throws   errc::usage for more than 16 settings.
  attribute_list(std::initializer_list<attribute_setting> all) {
    for (auto& one : all) add(one);
  }
  /// Adds a setting.
  /// Throws   errc::usage for more than 16 settings.
  void add(attribute_setting one) {
    if (all_.size() == count_max) throw_too_many();
    all_.push_back(std::move(one));
  }
  const attribute_setting* begin() const noexcept STET_LIFETIMEBOUND { return all_.data(); }
  const attribute_setting* end() const noexcept STET_LIFETIMEBOUND {
    return all_.data() + all_.size();
  }
  bool empty() const noexcept { return all_.empty(); }

 private:
  [[noreturn]] static void throw_too_many();
  std::vector<attribute_setting> all_;
};

/// The value of a search attribute.
using attribute_value =
    std::variant<bool, std::int64_t, double, time_point, std::string, std::vector<std::string>>;

/// The search attributes of a run, by name.
class STET_API attributes {
 public:
  attributes() = default;
  explicit attributes(std::map<std::string, attribute_value, std::less<>> all)
      : all_(std::move(all)) {}
  /// Returns the value of an attribute; an empty optional if the run has none of this name and
  /// type.
  ///     auto customer = info.attributes.get(Customer);
  template <class T> found<T> get(const attribute<T>& a) const {
    auto at = all_.find(a.text());
    auto* value = at == all_.end() ? nullptr : std::get_if<T>(&at->second);
    if (value) return *value;
    return found<T>(std::nullopt, "attribute " + std::string(a.text()) + " of this type");
  }
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }
  std::size_t size() const noexcept { return all_.size(); }

 private:
  std::map<std::string, attribute_value, std::less<>> all_;
};

/// A value of any type with a codec that is stored with a run beside its attributes, and that no
/// search looks at.
///     engine.start(Pay, "pay-7", {.memo = stet::memo(order)}, order);
class memo {
 public:
  memo() = default;
  /// Encodes the value.
  /// Throws   what the value's codec throws.
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, memo>)
  explicit memo(const T& value) : is_set_(true) {
    encode<T>(bytes_, value);
  }

  bool empty() const noexcept { return !is_set_; }
  void encode_to(std::string& out) const { out += bytes_; }

 private:
  bool is_set_ = false;
  std::string bytes_;
};

namespace detail {
/// Returns the list as bytes, as records and snapshots hold it.
/// Throws   errc::usage for a name or a value that an attribute can't have.
STET_API std::string pack(const attribute_list& all);
/// Throws   errc::usage for a memo that is too large. `of` names the run or the workflow in the
///          message.
STET_API void check_memo(std::string_view of, std::size_t size_bytes);
}  // namespace detail

}}  // namespace stet::v0
