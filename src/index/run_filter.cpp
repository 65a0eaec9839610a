// Typed filters become texts in the syntax that filter.cpp parses.
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include <stet/error.hpp>
#include <stet/filter.hpp>

#include "history/attributes.hpp"
#include "index/filter.hpp"

namespace stet { inline namespace v0 {
namespace {

/// Returns the text between quotes. A quote and a backslash in it are doubled, so that neither
/// means more than itself.
std::string between(char quote, std::string_view text) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

}  // namespace

std::string quoted(std::string_view text) { return between('\'', text); }

run_filter::run_filter(shape what, std::string text) : shape_(what), text_(std::move(text)) {
  if (shape_ == shape::unchecked && text_.find_first_not_of(" \t\r\n") == std::string::npos)
    *this = {};
}

run_filter run_filter::compares(std::string name, std::string_view rest) {
  return {shape::one, std::move(name.append(" ").append(rest))};
}
run_filter run_filter::nothing() { return {shape::one, "WorkflowId IS NULL"}; }

/// Returns the text as one part of an OR, or of an AND or NOT.
std::string run_filter::as_part(bool of_or) const {
  if (shape_ == shape::unchecked) (void)detail::parse_filter(text_);
  const bool binds = shape_ == shape::one || shape_ == shape::inverse || shape_ == shape::both ||
                     (shape_ == shape::either && of_or);
  return binds ? text_ : "(" + text_ + ")";
}

run_filter operator&&(run_filter a, const run_filter& b) {
  using shape = run_filter::shape;
  if (a.shape_ == shape::everything) return b;
  if (b.shape_ == shape::everything) return a;
  if (a.shape_ != shape::both) a.text_ = a.as_part(false);
  a.shape_ = shape::both;
  a.text_.append(" AND ").append(b.as_part(false));
  return a;
}
run_filter operator||(run_filter a, const run_filter& b) {
  using shape = run_filter::shape;
  if (a.shape_ == shape::everything) return a;
  if (b.shape_ == shape::everything) return b;
  if (a.shape_ != shape::either) a.text_ = a.as_part(true);
  a.shape_ = shape::either;
  a.text_.append(" OR ").append(b.as_part(true));
  return a;
}
run_filter operator!(const run_filter& a) {
  using shape = run_filter::shape;
  if (a.shape_ == shape::everything) return run_filter::nothing();
  constexpr std::string_view inverse = "NOT ";
  if (a.shape_ == shape::inverse) return {shape::one, a.text_.substr(inverse.size())};
  auto part = a.as_part(false);
  if (a.shape_ == shape::both) part = "(" + part + ")";
  return {shape::inverse, std::string(inverse) + part};
}

namespace detail {

std::string filter_value(std::int64_t v) { return std::to_string(v); }
std::string filter_value(std::uint64_t v) { return std::to_string(v); }
std::string filter_value(double v) {
  if (!std::isfinite(v))
    throw error(errc::usage, "filter",
                "an attribute can't be compared with " + std::to_string(v) + ": give a number");
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
  return {digits, end};
}
std::string filter_value(time_point v) {
  using namespace std::chrono;
  if (v < sys_days(year(0) / 1 / 1) || v >= sys_days(year(10'000) / 1 / 1))
    throw error(errc::usage, "filter",
                "an attribute can't be compared with the time " +
                    std::to_string(v.time_since_epoch().count()) +
                    " (milliseconds since 1970): give one of the years 0 to 9999");
  return v0::quoted(to_text(v));
}
std::string filter_value(duration v) {
  // A negative duration has no text. No run has one, so any negative number means the same.
  return v < duration(0) ? "-1000000" : v0::quoted(std::to_string(v.count()) + "ms");
}
std::string filter_name(std::string_view name) {
  return is_built_in(name) ? std::string(name) : between('`', name);
}

}  // namespace detail
}}  // namespace stet::v0
