// Reads the journal that a store holds: its format, its marks, every block that is left.
//
// Anything that can't be trusted is refused, before anything is executed: a block that is missing
// or damaged, marks that would hand out numbers again, a block under another key.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <stet/store.hpp>

#include "history/record.hpp"
#include "journal/kept_blocks.hpp"
#include "journal/marks.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::uint32_t store_format = 1;

/// Gets every record with its LSN, in order.
using each_record = std::function<void(const record&, std::string_view bytes, record_lsn lsn)>;

/// The journal as it was found in the store.
struct journal_contents {
  detail::marks marks;
  kept_blocks kept;
  std::uint64_t next_block = 1;
  record_lsn next_lsn{1};
  run_number next_run{1};
  engine_time time_at_open;         // the highest time that was journaled
  engine_time last_block_time;      // no time if there is no block
  std::vector<std::string> strays;  // keys that the store should not have; left alone
};

/// Thread: one. Each function throws store_error: corrupt, conflict, store (a newer format).
class journal_reader {
 public:
  explicit journal_reader(store& s) : store_(s) {}

  /// Returns false if the store is empty, and has no format.
  bool read_format();
  /// Returns the bytes of the marks, or nullopt if the store has neither marks nor runs.
  std::optional<std::string> read_marks();
  /// Reads every block that is left, and finds the next numbers. Call it after read_marks().
  void read_all(const each_record& each);

  journal_contents found;

 private:
  record_lsn read_blocks(const each_record& each);
  void prove_marks() const;
  void look_at_strays();
  [[noreturn]] void refuse(std::string_view what) const;

  store& store_;
};

}}}  // namespace stet::v0::detail
