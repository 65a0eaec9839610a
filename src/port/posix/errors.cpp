#include "port/errors.hpp"

#include <cerrno>

namespace stet { inline namespace v0 { namespace port {

const std::error_category& error_category() noexcept { return std::generic_category(); }

bool is_no_room(int error) noexcept { return error == ENOSPC || error == EDQUOT || error == EFBIG; }
bool is_missing(int error) noexcept { return error == ENOENT || error == ENOTDIR; }
bool is_taken(int error) noexcept { return error == EEXIST; }
bool is_link(int error) noexcept { return error == ELOOP; }
bool is_denied(int error) noexcept { return error == EACCES || error == EROFS; }

}  // namespace port
}  // namespace v0
}  // namespace stet
