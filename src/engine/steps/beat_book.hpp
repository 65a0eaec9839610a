// The heartbeats of attempts that are under way: which of them are recorded.
//
// A record stays in its run's history, so not every heartbeat is one. The first of an attempt is
// recorded at once, and later ones if they say something new and a while has passed since the last
// record: a second, or a hundredth of the time since the first heartbeat, if that is longer. So an
// attempt of any length has some thousand records at most, and a crash costs at most a hundredth of
// what the attempt had reported. The latest one that isn't recorded is kept here, and recorded when
// the attempt ends without a result.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/bodies/bodies.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. Times are in ms, by the host's steady clock.
class beat_book {
 public:
  /// Takes a heartbeat of an attempt that counts. Returns whether it is to be recorded now; if not,
  /// it is kept.
  bool take(const beating& of, const std::string& progress, std::int64_t now);
  /// Returns the attempts of which something kept is to be recorded by now, with that. `all`: also
  /// what has time.
  std::vector<std::pair<beating, std::string>> take_due(std::int64_t now, bool all);
  /// The attempt is over. Returns what was kept of it.
  std::optional<std::string> forget(const beating& of);
  /// Returns the latest heartbeat of an attempt, recorded or kept; null if there was none.
  const std::string* latest(const beating& of) const;
  /// When something kept is to be recorded at the earliest; INT64_MAX if nothing is kept.
  std::int64_t next() const noexcept { return kept_.empty() ? INT64_MAX : kept_.begin()->first; }

 private:
  struct entry {
    std::int64_t first, recorded;  // when
    std::string latest;
    std::optional<std::int64_t> due;  // when `latest` is to be recorded; none: it is
  };
  void note_recorded(const beating& of, entry& e, std::int64_t now);

  std::map<beating, entry> all_;
  std::set<std::pair<std::int64_t, beating>> kept_;  // by the time when they are due
};

}}}  // namespace stet::v0::detail
