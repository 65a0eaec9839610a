// Says which workflow's own code this thread runs, if any: such code must do the same each time.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <stet/export.hpp>

#include "base/ids.hpp"

namespace stet { inline namespace v0 {

struct source_point;

namespace detail {

/// The engine sets it around a drive. Traps read it when a workflow itself calls what it must not
/// call (stet/strict.hpp).
struct user_code {
  std::string_view workflow, id;
  const command_number* command = nullptr;  // the latest that it began, and its place in the source
  const source_point* at = nullptr;
  std::string offence;  // the first forbidden call that it made itself
};

/// The one of this thread; null if the thread runs other code.
STET_API user_code*& current_user_code() noexcept;

/// While one lives, this thread runs code of Stet's or of a listener that a workflow has called.
class not_user_code {
 public:
  not_user_code() noexcept : before_(current_user_code()) { current_user_code() = nullptr; }
  not_user_code(const not_user_code&) = delete;
  not_user_code& operator=(const not_user_code&) = delete;
  ~not_user_code() { current_user_code() = before_; }

 private:
  user_code* before_;
};

}
}}  // namespace stet::v0::detail
