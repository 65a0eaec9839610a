// Suspects: user code that was in a crash slot when the process died.
//
// A step is tried beside the other attempts after its first death, and alone after its second; if
// it was the only user code in a slot, it is tried alone at once. A run's own code always runs
// alone. It is suspected of one use (an event that it handles, a replay, a query), until it has
// come through that same use. A death counts only if the suspect was tried alone. Belongs to the
// engine's loop.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/services/crash_slots.hpp"
#include "history/record.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A step of a run: the run and the command.
using step_key = std::pair<run_number, command_number>;

/// The use of a run's code if this event drives it.
code_use use_of(const record& event) noexcept;
std::uint32_t checksum_of(std::string_view name) noexcept;

class suspects {
 public:
  void add(step_key step, trial how) { (how == trial::alone ? alone_ : beside_).insert(step); }
  trial of(step_key step) const noexcept {
    if (alone_.empty() && beside_.empty()) return trial::none;
    return alone_.contains(step)    ? trial::alone
           : beside_.contains(step) ? trial::beside
                                    : trial::none;
  }
  void clear_suspect(step_key step) noexcept {
    alone_.erase(step);
    beside_.erase(step);
  }

  void add_code(const occupant& who) { code_[who.run] = {who.use, who.records}; }
  /// The process died in the code of a run whose start wasn't durable: the next run with that id is
  /// suspected.
  void add_start(std::uint32_t checksum) { starts_.insert(checksum); }
  bool is_start_suspected(std::string_view id) const noexcept {
    return !starts_.empty() && starts_.contains(checksum_of(id));
  }
  /// Whether the run's code is suspected of this use.
  bool is_suspected(const occupant& who) const noexcept {
    auto found = code_.find(who.run);
    return found != code_.end() && found->second.use == who.use;
  }
  /// Whether the run's code is suspected of some use.
  bool has_code_of(run_number run) const noexcept { return code_.contains(run); }
  /// `goes_on`: another run with that id begins now, and it may be the suspected one.
  void came_through(const occupant& who, bool goes_on = false) noexcept;

 private:
  struct code {
    code_use use;
    std::uint64_t records = 0;  // records of the run when it died: an earlier use can't have killed
  };
  std::set<step_key> beside_, alone_;
  std::unordered_map<run_number, code> code_;  // by run
  std::unordered_set<std::uint32_t> starts_;
};

}}}  // namespace stet::v0::detail
