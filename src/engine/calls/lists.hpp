// Lists and counts runs. The indexes have the runs as of their snapshots. A run that has changed
// since then is in memory, and its state there is asked: so an answer is never stale.
//
// A list or a count that is under way lives on its caller's stack, and goes on turn by turn, so
// that a long one doesn't hold up the loop.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <stet/listing.hpp>

#include "engine/calls/engine_parts.hpp"
#include "index/filter.hpp"
#include "index/plan.hpp"

namespace stet { inline namespace v0 { namespace detail {

class listing {
 public:
  enum class kind : std::uint8_t { rows, number, by_status, ids };
  /// The filter for runs that haven't ended.
  static constexpr std::string_view open_runs =
      "CloseTime IS NULL AND ExecutionStatus IN ('Running', 'Stalled')";
  listing(std::string_view name_space, std::string_view filter_text, kind k)
      : wanted(parse_filter(filter_text)), name_space(name_space), what(k) {}

  const filter wanted;
  const std::string name_space;
  const kind what;
  std::size_t rows_max = 0;
  std::string after;                     // of ids: only those after this one count
  run_number below = run_number::max();  // the next run to look at is this one or an earlier one
  // A listing of ids looks at the runs above `above`. The run `later` and those after it began
  // meanwhile, and are looked at next: one of them may continue a run that was found to have ended.
  run_number above, later;
  // The engine from which it reads. With another engine it makes a new plan, and goes on from
  // `below`.
  std::shared_ptr<const void> from;
  std::unique_ptr<run_stream> runs;
  std::vector<run_number> ahead;  // runs ahead of the indexes, falling: see lists::note_ahead
  bool done = false;

  std::vector<run_summary> rows;
  std::vector<std::string> ids;
  std::uint64_t number = 0;
  std::map<std::pair<std::string, v0::status>, std::uint64_t> by_status;

  /// How far the listing has come.
  struct place {
    run_number below, above, later;
    std::size_t rows, ids;
    std::uint64_t number;
    std::map<std::pair<std::string, v0::status>, std::uint64_t> by_status;
  };
  place here() const { return {below, above, later, rows.size(), ids.size(), number, by_status}; }
  /// Drops everything that was found after this place.
  void go_back(const place& to) {
    below = to.below;
    above = to.above;
    later = to.later;
    rows.resize(to.rows);
    ids.resize(to.ids);
    number = to.number;
    by_status = to.by_status;
    runs.reset();  // a stream of runs can't go back
    done = false;
  }
};

/// Thread: the engine's loop. Changes nothing.
class lists {
 public:
  explicit lists(engine_parts& e) noexcept : e_(e) {}

  /// Does one turn's part of a list or a count. `whole`: the engine that this object belongs to.
  answer<void> go_on(listing& l, const std::shared_ptr<const void>& whole);

 private:
  void read_on(listing& l);
  void look_at_later_ones(listing& l) const;
  void count_kinds(listing& l);
  std::vector<run_number> maybe_ahead(const listing& l) const;
  bool is_ahead(run_number run) const;
  run_number next_ahead(const listing& l, std::vector<run_number>& candidates) const;
  void read_rows(listing& l, std::vector<run_number>& candidates);
  void note_ahead(listing& l, const std::vector<run_number>& candidates) const;
  void add_from_store(listing& l, run_number run);
  void add(listing& l, const run_state* s) const;

  engine_parts& e_;
};

}}}  // namespace stet::v0::detail
