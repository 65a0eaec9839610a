// Reports to the listener which runs have ended, when that is durable.
#pragma once
#include <cstdint>
#include <deque>
#include <string>

#include "engine/services/services.hpp"
#include "journal/journal.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class end_reports {
 public:
  end_reports(services& s, const journal& j) noexcept : services_(s), journal_(j) {}

  /// Whether there is a listener to which ends are reported.
  bool are_wanted() const noexcept { return services_.options.listener != nullptr; }
  /// The run has ended by the record with this LSN, and no run continues it. `reason`: why, in
  /// plain text.
  void add(const run_state& s, record_lsn lsn, std::string reason);
  /// Reports the ends that are durable by now.
  void release();

 private:
  struct end {
    record_lsn lsn;
    std::string workflow, id, name_space, reason;
    run_number run;
    v0::status status;
  };

  services& services_;
  const journal& journal_;
  std::deque<end> waiting_;  // by their LSNs
};

}}}  // namespace stet::v0::detail
