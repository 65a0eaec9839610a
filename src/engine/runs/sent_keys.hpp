// Entries of what the earlier runs of a chain were sent, so that a request that comes again is
// recognised. The store has one entry for each key of a signal and each id of an update. Entries
// that aren't durable yet are seen, too. Invariants:
//  - the entries of a run are written in the commit in which it continues as new, and erased with
//    the run. One more, of kind `all`, says that they are complete. A run that was sent nothing has
//    no entries, and neither has one that an older build continued;
//  - no entry is about the run that is open: its own history has that.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class sent_keys {
 public:
  explicit sent_keys(store& s) noexcept : store_(s) {}

  /// The latest run of the chain that was sent this.
  std::optional<run_number> latest(run_number first, keys::sent_kind k, std::string_view key) const;
  /// Whether the entries of this run are complete.
  bool has_all(run_number first, run_number run) const;

  void add(std::string entry, batch& extra_writes);
  void erase(std::string entry, batch& extra_writes);
  /// Erases all entries of a run, whatever its history says. Cost: reads all entries of the chain.
  void erase_run(run_number first, run_number run, batch& extra_writes);
  /// The same for a run whose chain isn't known. Cost: reads all entries of all chains.
  void erase_run(run_number run, batch& extra_writes);

  /// sealed(): the changes since the last call are in the block on its way. committed(): that block
  /// is durable.
  void sealed();
  void committed() noexcept { flying_.clear(); }

 private:
  void erase_run(run_number run, const std::string& from, batch& extra_writes);
  /// The latest entry of [from, to).
  std::optional<std::string> last_of(const std::string& from, const std::string& to) const;
  /// Whether an entry exists, if the store doesn't know it yet. Empty if no change of it is on its
  /// way.
  std::optional<bool> known(std::string_view entry) const;

  store& store_;
  std::map<std::string, bool, std::less<>> filling_, flying_;
};

}  // namespace detail
}}  // namespace stet::v0
