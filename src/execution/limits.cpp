#include "execution/limits.hpp"

#include <stet/error.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 { namespace detail {
namespace {

thread_local std::size_t limit_here = payload_bytes_ceiling;

}  // namespace

payload_limit::payload_limit(std::size_t bytes_max) noexcept : before_(limit_here) {
  limit_here = bytes_max;
}
payload_limit::~payload_limit() { limit_here = before_; }
std::size_t payload_limit::now() noexcept { return limit_here; }

void check_payload(std::string_view what, std::string_view operation, std::size_t bytes,
                   std::size_t bytes_max) {
  if (bytes <= bytes_max) return;
  throw error(errc::payload, operation,
              std::string(what) + " would have " + std::to_string(bytes) +
                  " bytes, and a payload has at most " + std::to_string(bytes_max) +
                  ": pass a reference to what is kept elsewhere, or raise "
                  "engine_options::payload_bytes_max");
}

}  // namespace detail
}}  // namespace stet::v0
