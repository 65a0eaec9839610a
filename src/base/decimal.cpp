#include "base/decimal.hpp"

#include <charconv>
#ifndef __cpp_lib_to_chars  // libc++ 19 has no std::from_chars for doubles
#include <cerrno>
#include <cmath>
#include <string>

#include "port/numbers.hpp"
#endif

namespace stet { inline namespace v0 { namespace detail {
namespace {

#ifdef __cpp_lib_to_chars
std::optional<double> converted(std::string_view text) {
  double d = 0;
  auto r = std::from_chars(text.data(), text.data() + text.size(), d);
  if (r.ec != std::errc() || r.ptr != text.data() + text.size()) return std::nullopt;
  return d;
}
#else
std::optional<double> converted(std::string_view text) {
  const std::string terminated(text);
  const char* end = nullptr;
  int problem = 0;
  const double d = port::parse_double(terminated.c_str(), end, problem);
  if (end != terminated.c_str() + terminated.size()) return std::nullopt;
  // A denormal number is out of strtod's range too, and yet it is one.
  if (problem == ERANGE && (d == 0 || std::isinf(d))) return std::nullopt;
  return d;
}
#endif

}  // namespace

std::optional<double> parse_decimal(std::string_view text) {
  if (text.empty() || text.front() == '+') return std::nullopt;
  if (text.find_first_not_of("0123456789+-.eE") != text.npos) return std::nullopt;
  return converted(text);
}

}  // namespace detail
}}  // namespace stet::v0
