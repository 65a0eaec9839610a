// Who is suspected of bringing the process down: what was in a crash slot when it died.
//
// A step is tried beside the others after its first death, and alone after the second; if nobody
// else was there it is alone at once. A run's own code is alone anyway, and is suspected of one use
// of it (an event that it handles, a replay, a question) until it has come through just that. A
// death counts only while its suspect is tried alone. Belongs to the engine's loop.
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

/// What a run's code is entered for when this event drives it.
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
  /// A run died in its code whose start wasn't durable: the next one with that id is suspected.
  void add_start(std::uint32_t checksum) { starts_.insert(checksum); }
  bool is_start_suspected(std::string_view id) const noexcept {
    return !starts_.empty() && starts_.contains(checksum_of(id));
  }
  /// Of this use of the run's code.
  bool is_suspected(const occupant& who) const noexcept {
    auto found = code_.find(who.run);
    return found != code_.end() && found->second.use == who.use;
  }
  /// Of some use of it.
  bool has_code_of(run_number run) const noexcept { return code_.contains(run); }
  /// `goes_on`: another run with that id begins now, which may be the one that was suspected.
  void came_through(const occupant& who, bool goes_on = false) noexcept;

 private:
  struct code {
    code_use use;
    std::uint64_t records = 0;  // of the run, when it died: what comes before isn't what killed it
  };
  std::set<step_key> beside_, alone_;
  std::unordered_map<run_number, code> code_;  // by run
  std::unordered_set<std::uint32_t> starts_;
};

}}}  // namespace stet::v0::detail
