// What the earlier runs of a chain were sent, so that a request that comes again is known: one
// entry in the store for each key of a signal and id of an update. Seen here with what is on its
// way to the store on top. Invariants:
//  - the entries of a run are written in the commit in which it continues as new, with one of kind
//  `all` that says so (a run that was sent nothing has none, nor one that an older build
//  continued), and are erased with the run;
//  - an entry says nothing of the run that is open: its own history does.
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
  /// Whether all that this run was sent is here.
  bool has_all(run_number first, run_number run) const;

  void add(std::string entry, batch& extra_writes);
  void erase(std::string entry, batch& extra_writes);
  /// All entries of a run, whatever its history says. Reads all that the chain was sent.
  void erase_run(run_number first, run_number run, batch& extra_writes);
  /// The same of a run whose chain isn't known. Reads all that any chain was sent.
  void erase_run(run_number run, batch& extra_writes);

  /// What was added and erased since the last time is on its way; it is durable.
  void sealed();
  void committed() noexcept { flying_.clear(); }

 private:
  void erase_run(run_number run, const std::string& from, batch& extra_writes);
  /// The latest entry of [from, to).
  std::optional<std::string> last_of(const std::string& from, const std::string& to) const;
  /// What is known of an entry that the store doesn't tell yet: it is there, or it isn't.
  std::optional<bool> known(std::string_view entry) const;

  store& store_;
  std::map<std::string, bool, std::less<>> filling_, flying_;
};

}  // namespace detail
}}  // namespace stet::v0
