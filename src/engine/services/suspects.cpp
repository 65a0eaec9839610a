#include "engine/services/suspects.hpp"

#include "base/crc32c.hpp"
#include "base/hooks.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t content_bytes_max = 1024;  // enough to tell messages apart

}  // namespace

code_use use_of(const record& event) noexcept {
  code_use use{static_cast<std::uint32_t>(event.kind) + 1, no_command, 0};
  if (event.kind == record_kind::signal || event.kind == record_kind::update)
    use.content = crc32c(event.name) ^ crc32c(event.payload.substr(0, content_bytes_max));
  else if (event.kind != record_kind::started) use.command = event.command;
  return use;
}

std::uint32_t checksum_of(std::string_view name) noexcept { return crc32c(name); }

void suspects::came_through(const occupant& who, bool goes_on) noexcept {
  if (code_.empty() && starts_.empty()) return;
  auto found = code_.find(who.run);
  if (found == code_.end()) return;
  bool same = found->second.use == who.use && who.records >= found->second.records;
  if (!same && !STET_SEEDED(forgive_at_once)) return;
  code_.erase(found);
  if (!goes_on) starts_.erase(who.id);
}

}}}  // namespace stet::v0::detail
