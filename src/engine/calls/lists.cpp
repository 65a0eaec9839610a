#include "engine/calls/lists.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <tuple>
#include <utility>

#include "base/shown.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

// How much is read in one turn. After that the loop does something else.
constexpr std::size_t runs_read_max = 1000;
constexpr std::size_t entries_read_max = 20'000;
// A list sorts a range of at most this size; a count sorts a range of any size.
constexpr std::size_t sorted_max = 20'000;

/// The row of a run, without the texts and the memo, which may be sealed.
run_summary summary_of(const run_state& s) {
  run_summary row;
  row.id = s.id;
  row.workflow = s.workflow;
  row.version = s.version;
  row.run = s.run.value();
  row.status = s.shown_status();
  row.started = to_time_point(s.started);
  row.closed = to_time_point(s.closed());
  if (s.about) row.attributes = attributes(unpack_attributes(s.about->attributes));
  return row;
}

}  // namespace

void lists::add(listing& l, const run_state* s) const {
  ++l.number;
  if (!s) return;
  if (l.what == listing::kind::ids && s->id > l.after) l.ids.push_back(s->id);
  if (l.what == listing::kind::rows) {
    auto& row = l.rows.emplace_back(summary_of(*s));
    if (row.status != v0::status::completed) row.reason = e_.runs.texts.outcome(*s);
    std::tie(row.memo, row.details) = e_.runs.texts.memo_and_details(*s);
  }
  if (l.what == listing::kind::by_status) ++l.by_status[{s->workflow, s->shown_status()}];
  l.done = l.what == listing::kind::rows && l.rows.size() == l.rows_max;
}

/// The counters know how many runs each workflow has in each state.
void lists::count_kinds(listing& l) {
  std::map<std::pair<std::string, v0::status>, std::int64_t> counts;
  for (auto& [key, n] : e_.runs.counters.all()) {
    auto& [name_space, workflow, status] = key;
    if (name_space == l.name_space) counts[{workflow, status}] += n;
  }
  for (auto& [run, r] : e_.runs.table.all()) {
    auto& s = r->state;
    if (namespace_of(s) != l.name_space || s.indexed_status == s.shown_status() || !s.run) continue;
    if (s.indexed_status != run_state::not_indexed) --counts[{s.workflow, s.indexed_status}];
    ++counts[{s.workflow, s.shown_status()}];
  }
  for (auto& [kind, n] : counts) {
    if (n <= 0 || !passes_kind(l.wanted, kind.first, kind.second)) continue;
    l.by_status[kind] = static_cast<std::uint64_t>(n);
    l.number += static_cast<std::uint64_t>(n);
  }
  l.done = true;
}

answer<void> lists::go_on(listing& l, const std::shared_ptr<const void>& whole) {
  const auto lsn = e_.journal.last_lsn();
  if (l.from != whole) {
    l.from = whole;
    l.runs.reset();
    l.ahead.clear();
  }
  if (!l.later) l.later = e_.journal.place().run;
  read_on(l);
  if (l.done && l.what == listing::kind::ids) look_at_later_ones(l);
  return {lsn};
}

/// Reads on until the turn's part is done.
void lists::read_on(listing& l) {
  const bool is_count = l.what == listing::kind::number || l.what == listing::kind::by_status;
  if (is_count && asks_kind_only(l.wanted)) return count_kinds(l);
  if (!l.runs)
    l.runs = plan_for(l.wanted, e_.services.store, l.name_space, e_.runs.counters,
                      is_count ? SIZE_MAX : sorted_max);
  auto candidates = maybe_ahead(l);
  if (l.runs->prepare()) read_rows(l, candidates);
  if (!l.done) note_ahead(l, candidates);
}

void lists::read_rows(listing& l, std::vector<run_number>& candidates) {
  bool unread = l.runs->exact() && l.what == listing::kind::number;
  std::size_t left = entries_read_max, reads = runs_read_max;
  for (; left > 0 && reads > 0 && !l.done; --left) {
    auto ahead = next_ahead(l, candidates);
    auto run = std::max(l.runs->at_or_below(l.below), ahead);
    l.done = run <= l.above + 1;
    if (run <= l.above) return;
    l.below = run - 1;
    auto* r = e_.runs.table.find(run);
    if (r) {
      bool is_meant = namespace_of(r->state) == l.name_space && passes(l.wanted, r->state);
      if (is_meant) add(l, &r->state);
    } else if (unread && run != ahead) {
      if (!e_.runs.table.erased.has(run)) add(l, nullptr);
    } else {
      --reads;
      add_from_store(l, run);
    }
  }
}

/// A listing of ids takes several turns. A run that continued as new meanwhile has ended, and the
/// next run of its chain is above those that were looked at; so the id of the chain would be left
/// out. The runs that began meanwhile are looked at as well, until none did.
void lists::look_at_later_ones(listing& l) const {
  const auto next = e_.journal.place().run;
  if (next <= l.later) return;
  l.above = l.later - 1;
  l.later = next;
  l.below = run_number::max();
  l.runs.reset();
  l.ahead.clear();
  l.done = false;
}

// ---------------------------------------------------------------- ahead of the indexes

/// Returns a heap, the highest first, which has all runs that have changed since the indexes were
/// written, and others. Most of them are never looked at: a page is soon full.
std::vector<run_number> lists::maybe_ahead(const listing& l) const {
  std::vector<run_number> runs;
  auto add = [&](run_number run) {
    if (run <= l.below && run > l.above) runs.push_back(run);
  };
  for (auto& entry : e_.runs.unsaved.all()) add(entry.run);
  e_.commit.checkpointer.for_each_unindexed(add);
  std::make_heap(runs.begin(), runs.end());
  return runs;
}

bool lists::is_ahead(run_number run) const {
  auto* r = e_.runs.table.find(run);
  return r && r->state.records > 0 && (r->dirty_since || e_.runs.table.rides_in_block(*r));
}

/// The next run that is ahead of the indexes, or was when an earlier turn ended; 0 if none is.
run_number lists::next_ahead(const listing& l, std::vector<run_number>& candidates) const {
  while (!candidates.empty() && (candidates.front() > l.below || !is_ahead(candidates.front()))) {
    std::pop_heap(candidates.begin(), candidates.end());
    candidates.pop_back();
  }
  auto noted = std::lower_bound(l.ahead.begin(), l.ahead.end(), l.below, std::greater<>());
  return std::max(noted == l.ahead.end() ? no_run : *noted,
                  candidates.empty() ? no_run : candidates.front());
}

/// For the next turn: the states of these runs in memory are asked, also if their snapshots catch
/// up before the listing reaches them.
void lists::note_ahead(listing& l, const std::vector<run_number>& candidates) const {
  for (auto run : candidates)
    if (run <= l.below && is_ahead(run)) l.ahead.push_back(run);
  std::sort(l.ahead.begin(), l.ahead.end(), std::greater<>());
  l.ahead.erase(std::unique(l.ahead.begin(), l.ahead.end()), l.ahead.end());
}

void lists::add_from_store(listing& l, run_number run) {
  auto s = e_.runs.table.peek(run);
  if (s && namespace_of(*s) == l.name_space && passes(l.wanted, *s)) add(l, &*s);
}

}}}  // namespace stet::v0::detail
