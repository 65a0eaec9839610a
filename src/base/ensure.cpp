#include "base/ensure.hpp"

#include <string>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {
namespace {

std::string described(const char* what, const std::source_location& at) {
  std::string_view file = at.file_name();
  file.remove_prefix(file.rfind('/') == file.npos ? 0 : file.rfind('/') + 1);
  return std::string(what) + " (" + std::string(file) + ":" + std::to_string(at.line()) + ")";
}

}  // namespace

broken_invariant::broken_invariant(const char* what, std::source_location at)
    : std::logic_error(described(what, at)) {}
broken_invariant::~broken_invariant() = default;

void fail_invariant(const char* what, std::source_location at) { throw broken_invariant(what, at); }

}}}  // namespace stet::v0::detail
