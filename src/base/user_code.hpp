// Whose code this thread runs, if it is a workflow's own: what must take the same way each time.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <stet/export.hpp>

#include "base/ids.hpp"

namespace stet { inline namespace v0 {

struct source_point;

namespace detail {

/// Set by the engine around a drive; read by what traps, at the call, what a workflow must not do
/// itself (stet/strict.hpp).
struct user_code {
  std::string_view workflow, id;
  const command_number* command = nullptr;  // the latest that it began, and where that stands
  const source_point* at = nullptr;
  std::string offence;  // the first thing that it did itself
};

/// This thread's; null: it runs something else.
STET_API user_code*& current_user_code() noexcept;

/// Code of Stet's, or a listener's, that a workflow has called.
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
