// What runs are found by: the entries that their snapshots have in the indexes, and how many there
// are. Entries and counters are written with the snapshot, in its commit, so they say what the
// snapshots say; of a run that has changed since, its state in memory says more.
//
// An entry is   x <namespace> <attribute> <value> <run>   without a value. Beside the run's own
// attributes there are three of every run, under names that no attribute has: see the constants.
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

/// On disk (docs/format.md): workflow and status; the time of the start; of the end.
inline constexpr std::string_view by_kind = "\1", by_start = "\2", by_end = "\3";

/// Keywords stand in an index with so many bytes, and a hash of the whole if they are longer.
inline constexpr std::size_t keyword_indexed_max = 64;

/// A value in bytes that have the order of the values: the type's byte, then the value's.
/// Of several keywords each is an entry.
std::string ordered(bool v);
std::string ordered(std::int64_t v);
std::string ordered(double v);
std::string ordered(time_point v);
std::string ordered_keyword(std::string_view v);
/// What all keywords that begin with `prefix` (at most keyword_indexed_max bytes) begin with.
std::string ordered_prefix(std::string_view prefix);
/// The value's bytes of `by_kind`.
std::string ordered_kind(std::string_view workflow, v0::status s);

/// How many runs there are of each namespace, workflow and status, as of their snapshots.
class run_counters {
 public:
  using key = std::tuple<std::string, std::string, v0::status>;
  using teller = std::function<void(const std::string&)>;
  /// Reads what the store has. What can't be read of it is told; then, or if one is missing, or of
  /// a build that wrote no checksums, all runs are counted anew by the index.
  void load(store& s, const teller& tell);
  /// The same without counting anew. True: all of it has right checksums.
  bool read(store& s, const teller& tell);
  void add(std::string_view name_space, std::string_view workflow, v0::status s, int difference);
  /// Adds what has changed since to the commit in which the snapshots change.
  void put_changes(batch& b);
  const std::map<key, std::int64_t>& all() const noexcept { return counts_; }

 private:
  bool has_all_kinds(store& s) const;
  void count_anew(store& s);

  std::map<key, std::int64_t> counts_;
  std::map<key, bool> changed_;
  std::vector<std::string> damaged_;  // keys in the store that are to go
};

/// The difference between what the indexes have of a run and what they are to have with the
/// snapshot that is written now.
void add_index_changes(batch& b, run_state& s, run_counters& counters);
/// The keys that the indexes have of a run, as of its latest snapshot.
std::vector<std::string> index_keys(const run_state& s);
/// Takes a run out of the indexes. Its snapshot goes as well.
void erase_index(batch& b, const run_state& s, run_counters& counters);

}  // namespace detail
}}  // namespace stet::v0
