// Reads the whole history of a run: the chunks in the store, the records in the block on its way,
// and those that are in no chunk yet. Nothing here waits for the store to write.
#pragma once
#include <cstdint>
#include <string>

#include "engine/runs/resident.hpp"
#include "engine/services/failures.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class history_reader {
 public:
  explicit history_reader(services& s) noexcept : services_(s) {}

  /// The history as it is stored, with sealed payloads. Throws errc::corrupt.
  std::string stored(resident& r) const;
  /// The history with those payloads opened that a replay needs. Throws errc::corrupt;
  /// errc::payload if one can't be opened.
  std::string opened(resident& r) const;
  /// How many histories have been read.
  std::uint64_t reads() const noexcept { return reads_; }
  /// Calls `f` for each record as it is stored. Throws errc::corrupt.
  template <class F> void for_each(resident& r, F f) const {
    auto history = stored(r);
    try {
      for (source in(history); !in.done();) f(decode_record(in));
    } catch (const malformed& e) { throw unreadable_history(r.state, e.what()); }
  }

 private:
  services& services_;
  mutable std::uint64_t reads_ = 0;
};

}}}  // namespace stet::v0::detail
