#include "port/numbers.hpp"

#include <stdlib.h>
#if __has_include(<xlocale.h>)
#include <xlocale.h>  // Apple's strtod_l
#else
#include <locale.h>
#endif

#include <cerrno>
#include <utility>

namespace stet { inline namespace v0 { namespace port {

double parse_double(const char* text, const char*& end, int& native) noexcept {
  static const locale_t classic = ::newlocale(LC_ALL_MASK, "C", nullptr);
  char* after = nullptr;
  const int errno_before = std::exchange(errno, 0);
  const double d = ::strtod_l(text, &after, classic);
  native = std::exchange(errno, errno_before);
  end = after;
  return d;
}

}  // namespace port
}  // namespace v0
}  // namespace stet
