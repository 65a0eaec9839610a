// Retention: erases runs that ended long ago, a few at a time.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/calls/engine_parts.hpp"
#include "engine/calls/eraser.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class sweeper {
 public:
  sweeper(engine_parts& e, eraser& x) noexcept : e_(e), eraser_(x) {}

  /// Erases the runs that have been kept long enough. While the store has no room these writes join
  /// the refused block, which is tried again at once; hence the pause after such a sweep. Returns
  /// whether anything was erased.
  bool sweep();

 private:
  bool sweep_busy();
  bool sweep(const std::string& name_space, std::int64_t keep);
  bool is_old(const run_state& s, std::int64_t keep) noexcept;
  std::vector<run_number> find_old(const std::string& name_space, std::int64_t keep);
  std::vector<run_number> old_links_of(resident& r);
  bool sweep_chain(resident& r);

  engine_parts& e_;
  eraser& eraser_;
};

}}}  // namespace stet::v0::detail
