// Questions to a run, which change nothing.
#pragma once
#include <string>
#include <string_view>

#include "engine/calls/revival.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class queries {
 public:
  queries(engine_parts& e, revival& r) noexcept : e_(e), revival_(r) {}

  /// Throws errc::not_found; errc::run_stalled; a users_exception with what the handler throws.
  answer<std::string> ask(run_ref target, std::string_view name, std::string_view arguments);

 private:
  std::string ask_open(resident& r, std::string_view name, std::string_view arguments);
  std::string ask_ended(resident& r, std::string_view name, std::string_view arguments);

  engine_parts& e_;
  revival& revival_;
};

}}}  // namespace stet::v0::detail
