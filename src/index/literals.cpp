// Parses the texts in quotes of a filter that mean a time, a duration or a status.
#include <algorithm>
#include <charconv>
#include <chrono>

#include "index/filter.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// Takes parts from the beginning of a text.
class taker {
 public:
  explicit taker(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view w) {
    if (!rest_.starts_with(w)) return false;
    rest_.remove_prefix(w.size());
    return true;
  }
  /// Takes a number of `digits` digits; 0 means any number of digits.
  std::optional<std::int64_t> number(std::size_t digits = 0) {
    std::size_t n = 0;
    while (n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9' && (digits == 0 || n < digits))
      ++n;
    if (n == 0 || (digits && n != digits)) return std::nullopt;
    std::int64_t v = 0;
    auto* begin = &rest_.front();
    if (std::from_chars(begin, begin + n, v).ec != std::errc()) return std::nullopt;
    rest_.remove_prefix(n);
    return v;
  }
  /// Takes the digits after a decimal point, as thousandths; drops the fourth and later digits.
  std::int64_t thousandths() {
    std::int64_t v = 0;
    for (std::int64_t weight = 100; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
         weight /= 10) {
      v += weight * (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return v;
  }

 private:
  std::string_view rest_;
};

/// Takes hh:mm[:ss[.fff]], in ms; hours are below `hours_end`.
std::optional<std::int64_t> clock_of(taker& in, std::int64_t hours_end, std::size_t hour_digits) {
  auto hours = in.number(hour_digits);
  if (!hours || *hours >= hours_end || !in.take(':')) return std::nullopt;
  auto minutes = in.number(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  std::int64_t ms = (*hours * 60 + *minutes) * 60'000;
  if (!in.take(':')) return ms;
  auto seconds = in.number(2);
  if (!seconds || *seconds > 60) return std::nullopt;
  ms += *seconds * 1000;
  if (in.take('.')) ms += in.thousandths();
  return ms;
}

/// Takes the zone after the time of day, such as Z or +01:00. An empty rest means UTC.
std::optional<std::int64_t> zone_of(taker& in) {
  if (in.done() || in.take('Z') || in.take('z')) return 0;
  auto sign = in.take('+') ? 1 : in.take('-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  auto offset = clock_of(in, 24, 2);
  if (!offset) return std::nullopt;
  return sign * *offset;
}

bool same_word(std::string_view a, std::string_view b) {
  auto plain = [](std::string_view text) {
    std::string s;
    for (char c : text)
      if (c != '_') s.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
    return s;
  };
  return plain(a) == plain(b);
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  using namespace std::chrono;
  taker in(text);
  auto y = in.number(4);
  if (!y || !in.take('-')) return std::nullopt;
  auto m = in.number(2);
  if (!m || !in.take('-')) return std::nullopt;
  auto d = in.number(2);
  if (!d) return std::nullopt;
  year_month_day date(year(static_cast<int>(*y)), month(static_cast<unsigned>(*m)),
                      day(static_cast<unsigned>(*d)));
  if (!date.ok()) return std::nullopt;
  std::int64_t ms = sys_days(date).time_since_epoch() / milliseconds(1);
  if (in.done()) return ms;
  if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
  auto of_day = clock_of(in, 24, 2);
  auto zone = of_day ? zone_of(in) : std::nullopt;
  if (!zone || !in.done()) return std::nullopt;
  return ms + *of_day - *zone;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  constexpr struct {
    std::string_view word;
    std::int64_t ms;
  } units[] = {{"ms", 1}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}};
  if (text.find(':') != std::string_view::npos) {
    taker in(text);
    auto ms = clock_of(in, 1'000'000, 0);
    return ms && in.done() ? ms : std::nullopt;
  }
  taker in(text);
  std::int64_t sum = 0;
  do {
    auto n = in.number();
    if (!n) return std::nullopt;
    std::int64_t thousandths = in.take('.') ? in.thousandths() : 0, part = 0;
    auto unit = std::find_if(std::begin(units), std::end(units),
                             [&](auto& u) { return in.take_word(u.word); });
    if (unit == std::end(units) || __builtin_mul_overflow(*n, unit->ms, &part) ||
        __builtin_add_overflow(sum, part, &sum))
      return std::nullopt;
    sum += thousandths * unit->ms / 1000;
  } while (!in.done());
  return sum;
}

std::optional<v0::status> parse_status(std::string_view text) {
  if (same_word(text, "canceled")) return v0::status::cancelled;
  for (auto n = 0; n <= static_cast<int>(v0::status::continued_as_new); ++n)
    if (same_word(text, to_text(static_cast<v0::status>(n)))) return static_cast<v0::status>(n);
  return std::nullopt;
}

}  // namespace detail
}}  // namespace stet::v0
