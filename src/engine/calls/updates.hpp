// Updates that are sent to a run from outside, and calls that wait for their answers.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "engine/calls/revival.hpp"
#include "engine/calls/starts.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class updates {
 public:
  updates(engine_parts& e, revival& r, starts& s) noexcept : e_(e), revival_(r), starts_(s) {}

  /// Returns the LSN on which the answer depends, or nothing if the run keeps the call and answers
  /// it later.
  std::optional<record_lsn> perform(update_call& c);

 private:
  void start_run(update_call& c);
  std::optional<record_lsn> attach(update_call& c);
  std::optional<record_lsn> send(update_call& c);
  std::optional<record_lsn> send_new(update_call& c, resident& r);
  std::optional<std::optional<record_lsn>> find_sent(update_call& c, resident& r);
  record_lsn fill_from_ended(update_call& c, resident& r);
  record_lsn fill_from_earlier(update_call& c, run_number run);
  run_lease where_answered(run_lease r, const std::string& id);
  void validate(resident& r, const update_request& q);
  std::string new_id();

  engine_parts& e_;
  revival& revival_;
  starts& starts_;
};

}}}  // namespace stet::v0::detail
