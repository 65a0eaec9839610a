// The journal's own value, under the key `o`: the owner of the store, and the next numbers. On
// disk: see docs/format.md.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/engine_time.hpp"
#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct marks {
  std::uint64_t epoch = 0;        // rises with every owner
  std::uint64_t first_block = 1;  // the oldest that has not been dropped
  record_lsn next_lsn{1};         // as of the commit that wrote this
  run_number next_run{1};
  engine_time time{};   // the latest time journaled so far
  bool clean = true;    // closed, and everything checkpointed
  bool has_sum = true;  // false: an older build wrote it; written so until proved
};
std::string encode(const marks& m);
/// Decodes the value. Throws malformed.
marks decode_marks(std::string_view bytes);

}}}  // namespace stet::v0::detail
