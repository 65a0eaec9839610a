#include "base/user_code.hpp"

namespace stet { inline namespace v0 { namespace detail {

user_code*& current_user_code() noexcept {
  thread_local user_code* current = nullptr;
  return current;
}

}}}  // namespace stet::v0::detail
