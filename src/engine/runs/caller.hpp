// Updates that one run sends to another: their id says which run waits for the answer.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A command of a run that waits for another run's answer.
struct caller {
  run_number run;
  command_number command;
};
bool is_call_id(std::string_view update_id) noexcept;
std::string call_id(caller c);
std::optional<caller> caller_of(std::string_view update_id);

}  // namespace detail
}}  // namespace stet::v0
