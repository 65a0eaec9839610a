// Recovers the runs from what the store holds, at a start.
#pragma once
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "engine/calls/engine_parts.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop, before it turns.
class recovery {
 public:
  explicit recovery(engine_parts& e) noexcept : e_(e) {}

  /// Owns the store and reads it. The runs that go on are on the agenda then.
  void recover();
  /// Reads everything that a start would read, but doesn't own the store.
  void read_only();
  /// Forgets everything, so that an engine that has only looked can start.
  void forget() noexcept;
  /// Whether the start may be tried again: the store has no room for its owner's mark, and nothing
  /// was read.
  bool may_try_again(const std::exception_ptr& why) const noexcept;
  /// Drops the leases by which the recovery keeps runs in memory, so that each snapshot is read
  /// once.
  void let_go() noexcept { held_.clear(); }

 private:
  void take_record(const record& rec, std::string_view bytes, record_lsn lsn);
  resident* find_or_read(const record& rec, std::string_view bytes, record_lsn lsn);
  void apply_to(resident& r, const record& rec, std::string_view bytes, record_lsn lsn);
  std::map<run_number, aside_records>& put_aside_earlier();
  resident* load(run_number run);
  void fold_aside(resident& r);
  void put_lost_aside();
  std::optional<run_state> read_snapshot_before(run_number run);
  void erase_leftovers();
  void finish_reading(const journal& read);
  void schedule_all();
  void suspect(const std::vector<occupant>& who);
  void suspect_code(const occupant& o);
  void count_death(resident& r, command_number command);

  engine_parts& e_;
  std::vector<run_lease> held_;
};

}}}  // namespace stet::v0::detail
