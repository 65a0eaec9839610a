#include "execution/limits.hpp"

#include <stet/error.hpp>
#include <stet/options.hpp>

#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

thread_local std::size_t limit_here = payload_bytes_ceiling;
thread_local bool names_limited_here = true;

constexpr std::size_t name_shown_max = 60;  // bytes of a name that is too long

}  // namespace

payload_limit::payload_limit(std::size_t bytes_max, bool limits_names) noexcept
    : before_(limit_here), limited_names_before_(names_limited_here) {
  limit_here = bytes_max;
  names_limited_here = limits_names;
}
payload_limit::~payload_limit() {
  limit_here = before_;
  names_limited_here = limited_names_before_;
}
std::size_t payload_limit::now() noexcept { return limit_here; }
bool payload_limit::limits_names() noexcept { return names_limited_here; }

void check_payload(std::string_view what, std::string_view operation, std::size_t bytes,
                   std::size_t bytes_max) {
  if (bytes <= bytes_max) return;
  throw error(errc::payload, operation,
              std::string(what) + " would have " + std::to_string(bytes) +
                  " bytes, and a payload has at most " + std::to_string(bytes_max) +
                  ": pass a reference to what is kept elsewhere, or raise "
                  "engine_options::payload_bytes_max");
}

void check_name(const char* what, std::string_view name) {
  if (name.size() <= name_bytes_max || !names_limited_here) return;
  auto begin = shown(name.substr(0, name_shown_max));
  throw error(errc::usage, name.substr(0, name_shown_max),
              std::string(what) + " has at most " + std::to_string(name_bytes_max) +
                  " bytes, and the one that begins with " + begin + " has " +
                  std::to_string(name.size()) +
                  " bytes: pass what is long as an argument, or use a hash of it");
}

void check_reason(std::string_view operation, std::string_view reason) {
  if (reason.size() <= reason_bytes_max || !names_limited_here) return;
  throw error(errc::usage, operation,
              std::string(operation) + ": a reason has at most " +
                  std::to_string(reason_bytes_max) + " bytes, this one has " +
                  std::to_string(reason.size()) +
                  " bytes: shorten it, and keep what is long elsewhere");
}

std::string_view cut_reason(std::string_view reason) noexcept {
  if (reason.size() <= reason_bytes_max || !names_limited_here) return reason;
  auto end = reason_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
  return reason.substr(0, end);
}

}  // namespace detail
}}  // namespace stet::v0
