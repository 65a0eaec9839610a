#include "base/users_exception.hpp"

namespace stet { inline namespace v0 { namespace detail {

const char* text_of(const std::exception& e) noexcept {
  auto* words = e.what();
  return words ? words : "an exception whose what() is null";
}
std::string words_of(const std::exception& e) { return text_of(e); }
std::string words_of(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) { return words_of(x); } catch (...) {
    return "an exception that isn't derived from std::exception";
  }
}

}}}  // namespace stet::v0::detail
