// The indexes by which runs are found: the entries of their snapshots, and counters of runs.
// Entries and counters are written with the snapshot, in its commit, so they agree with the
// snapshots. If a run has changed since, its state in memory is newer.
//
// An entry is   x <namespace> <attribute> <value> <run>   without a value. Beside its own
// attributes, every run has three entries, under names that no attribute has: see the constants.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <stet/store.hpp>

#include "history/attributes.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::string_view default_namespace = "default";
inline std::string_view namespace_of(const run_state& s) noexcept {
  return s.name_space.empty() ? default_namespace : std::string_view(s.name_space);
}

/// On disk (docs/format.md): workflow and status; the time of the start; the time of the end.
inline constexpr std::string_view by_kind = "\1", by_start = "\2", by_end = "\3";

/// An index has this many bytes of a keyword at most; a longer one is followed by a hash of the
/// whole.
inline constexpr std::size_t keyword_indexed_max = 64;

/// A value as bytes that have the order of the values: the type's byte, then the value's bytes. If
/// an attribute has several keywords, each has an entry.
std::string ordered(bool v);
std::string ordered(std::int64_t v);
std::string ordered(double v);
std::string ordered(time_point v);
std::string ordered_keyword(std::string_view v);
/// The bytes with which the bytes of all keywords begin that begin with `prefix` (at most
/// keyword_indexed_max bytes).
std::string ordered_prefix(std::string_view prefix);
/// The value's bytes in an entry of `by_kind`.
std::string ordered_kind(std::string_view workflow, v0::status s);

/// Counts the runs of each namespace, workflow and status, as of their snapshots.
class run_counters {
 public:
  using key = std::tuple<std::string, std::string, v0::status>;
  using teller = std::function<void(const std::string&)>;
  /// Reads the counters of the store, and reports through `tell` those that can't be read. If one
  /// can't be read, is missing, or has no checksum (an older build wrote it), counts all runs anew
  /// from the index.
  void load(store& s, const teller& tell);
  /// The same without counting anew. Returns true if every counter has a right checksum.
  bool read(store& s, const teller& tell);
  void add(std::string_view name_space, std::string_view workflow, v0::status s, int difference);
  /// Adds the changes since the last call to the commit that writes the snapshots.
  void put_changes(batch& b);
  const std::map<key, std::int64_t>& all() const noexcept { return counts_; }

 private:
  bool has_all_kinds(store& s) const;
  void count_anew(store& s);

  std::map<key, std::int64_t> counts_;
  std::map<key, bool> changed_;
  std::vector<std::string> damaged_;  // keys that are to be erased
};

/// Adds to `b` the difference between the entries that the indexes have for a run and those for the
/// snapshot that is written now.
void add_index_changes(batch& b, run_state& s, run_counters& counters);
/// The keys that the indexes have for a run, as of its latest snapshot.
std::vector<std::string> index_keys(const run_state& s);
/// Removes a run from the indexes. The caller also erases its snapshot.
void erase_index(batch& b, const run_state& s, run_counters& counters);

}  // namespace detail
}}  // namespace stet::v0
