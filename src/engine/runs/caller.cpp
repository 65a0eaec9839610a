#include "engine/runs/caller.hpp"

#include <cstdio>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

bool is_call_id(std::string_view update_id) noexcept {
  return update_id.starts_with(call_id_prefix);
}

std::string call_id(caller c) {
  char text[48];
  std::snprintf(text, sizeof text, "stet:%llx.%x", static_cast<unsigned long long>(c.run.value()),
                c.command.value());
  return text;
}

std::optional<caller> caller_of(std::string_view update_id) {
  unsigned long long run = 0;
  unsigned command = 0;
  std::string text(update_id.substr(0, 64));
  if (!is_call_id(text) ||
      std::sscanf(text.c_str() + call_id_prefix.size(), "%llx.%x", &run, &command) != 2)
    return std::nullopt;
  return caller{run_number(run), command_number(command)};
}

}}}  // namespace stet::v0::detail
