// Previews: which runs would be stalled if today's code drove them. Nothing is recorded.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include <stet/history_file.hpp>
#include <stet/preview.hpp>

#include "engine/calls/engine_parts.hpp"
#include "engine/calls/lists.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class previews {
 public:
  previews(engine_parts& e, lists& l) noexcept : e_(e), lists_(l) {}

  /// Finds the open runs that a start would stall, after the store has been read. `whole`: the
  /// engine.
  start_preview of_start(std::size_t listed_max, const std::shared_ptr<const void>& whole);
  /// Replays an exported history with today's code. Throws errc::corrupt if it can't be read.
  stalled_run of_history(std::string_view exported);

 private:
  void add_namespace(const std::string& name_space, start_preview& p, std::size_t listed_max,
                     const std::shared_ptr<const void>& whole);

  engine_parts& e_;
  lists& lists_;
};

}}}  // namespace stet::v0::detail
