// Which runs there are. The indexes say it as of the snapshots; a run that has changed since is in
// memory, and is looked at there: so an answer is never stale.
#include "engine/listing.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "base/shown.hpp"
#include "engine/core.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

// Of one turn: the loop does something else then.
constexpr std::size_t runs_read_max = 1000;
constexpr std::size_t entries_read_max = 20'000;
// A list sorts a range of at most so many; a count whatever there is.
constexpr std::size_t sorted_max = 20'000;

/// Without what may be sealed.
run_summary summary_of(const run_state& s) {
  run_summary row;
  row.id = s.id;
  row.workflow = s.workflow;
  row.version = s.version;
  row.run = s.run;
  row.status = s.shown_status();
  row.started = time_point(duration(s.started));
  row.closed = time_point(duration(s.closed()));
  if (s.about) row.attributes = attributes(unpack_attributes(s.about->attributes));
  return row;
}

/// Turn by turn. If the store refuses what a turn's part depends on, the part is done again.
void finish(listing& l, engine_core& core) {
  while (!l.done) {
    bool again = false;
    auto begin = l.here();
    core.look([&](engine_core& from) {
      if (std::exchange(again, true)) l.go_back(begin);
      from.look_at(l);
    });
  }
}

}  // namespace

void engine_core::add(listing& l, const run_state* s) const {
  ++l.number;
  if (!s) return;
  if (l.what == listing::kind::rows) {
    auto& row = l.rows.emplace_back(summary_of(*s));
    if (row.status != v0::status::completed) row.reason = shown_outcome(*s);
    std::tie(row.memo, row.details) = memo_and_details(*s);
  }
  if (l.what == listing::kind::by_status) ++l.by_status[{s->workflow, s->shown_status()}];
  l.done = l.what == listing::kind::rows && l.rows.size() == l.rows_max;
}

/// Of all runs with some workflows and states the counters know how many there are.
void engine_core::count_kinds(listing& l) {
  std::map<std::pair<std::string, v0::status>, std::int64_t> counts;
  for (auto& [key, n] : counters_.all()) {
    auto& [name_space, workflow, status] = key;
    if (name_space == l.name_space) counts[{workflow, status}] += n;
  }
  for (auto& [run, r] : runs_) {
    auto& s = r->state;
    if (namespace_of(s) != l.name_space || s.indexed_status == s.shown_status() || s.run == 0)
      continue;
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

/// Does a turn's part of it.
void engine_core::look_at(listing& l) {
  answer_lsn_ = journal_.last_lsn();
  if (l.from.get() != this) {
    l.from = shared_from_this();
    l.runs.reset();
    l.ahead.clear();
  }
  if (l.what != listing::kind::rows && asks_kind_only(l.wanted)) return count_kinds(l);
  if (!l.runs)
    l.runs = plan_for(l.wanted, *store_, l.name_space, counters_,
                      l.what == listing::kind::rows ? sorted_max : SIZE_MAX);
  note_ahead(l);
  if (!l.runs->prepare()) return;
  bool unread = l.runs->exact() && l.what == listing::kind::number;
  std::size_t left = entries_read_max, reads = runs_read_max;
  for (; left > 0 && reads > 0 && !l.done; --left) {
    auto next = l.ahead.lower_bound(l.below);
    auto ahead = next == l.ahead.end() ? 0 : *next;
    auto run = std::max(l.runs->at_or_below(l.below), ahead);
    l.done = run <= 1;
    if (run == 0) return;
    l.below = run - 1;
    auto* r = in_memory(run);
    if (r) {
      bool is_meant = namespace_of(r->state) == l.name_space && passes(l.wanted, r->state);
      if (is_meant) add(l, &r->state);
    } else if (unread && run != ahead) {
      if (!erased_.has(run)) add(l, nullptr);
    } else {
      --reads;
      take_from_store(l, run);
    }
  }
}

/// The runs that have changed since the indexes heard of them: these are asked themselves, also if
/// their snapshots catch up before it is their turn.
void engine_core::note_ahead(listing& l) {
  for (auto& [run, r] : runs_)
    if (run <= l.below && r->state.records > 0 && (r->dirty_since != 0 || rides_in_block(*r)))
      l.ahead.insert(run);
}

void engine_core::take_from_store(listing& l, std::uint64_t run) {
  if (erased_.has(run)) return;
  try {
    auto s = read_snapshot(*store_, run);
    if (s && namespace_of(*s) == l.name_space && passes(l.wanted, *s)) add(l, &*s);
  } catch (const malformed&) {  // told when it is loaded
  }
}

std::vector<std::string> engine_core::list_open_runs(std::string_view name_space,
                                                     std::string_view after,
                                                     std::size_t count_max) {
  listing l(name_space, "CloseTime IS NULL AND ExecutionStatus IN ('Running', 'Stalled')",
            listing::kind::rows);
  l.rows_max = SIZE_MAX;
  while (!l.done) look_at(l);
  std::vector<std::string> open;
  for (auto& row : l.rows)
    if (row.id > after) open.push_back(std::move(row.id));
  std::sort(open.begin(), open.end());
  if (open.size() > count_max) open.resize(count_max);
  return open;
}

}  // namespace detail

using detail::listing;

run_page client::list(std::string_view filter, list_options o) {
  constexpr std::size_t page_max = 10'000;
  if (o.page_size == 0 || o.page_size > page_max)
    throw error(errc::usage, "list",
                "a page has 1 to " + std::to_string(page_max) + " runs, not " +
                    std::to_string(o.page_size));
  listing l(name_space_, filter, listing::kind::rows);
  l.rows_max = o.page_size + 1;
  if (!o.cursor.empty()) {
    auto* begin = &o.cursor.front();
    auto* end = begin + o.cursor.size();
    auto r = std::from_chars(begin, end, l.below, 16);
    if (r.ec != std::errc() || r.ptr != end)
      throw error(errc::usage, "list",
                  "the cursor " + detail::shown(o.cursor) + " is not one that a page gave");
  }
  detail::finish(l, *core_);
  run_page page;
  page.runs = std::move(l.rows);
  if (page.runs.size() <= o.page_size) return page;
  char text[17];
  auto r = std::to_chars(text, text + sizeof text, page.runs.back().run, 16);
  page.next.assign(text, r.ptr);
  page.runs.pop_back();
  return page;
}

std::uint64_t client::count(std::string_view filter) {
  listing l(name_space_, filter, listing::kind::number);
  detail::finish(l, *core_);
  return l.number;
}

std::vector<run_count> client::count_by_status(std::string_view filter) {
  listing l(name_space_, filter, listing::kind::by_status);
  detail::finish(l, *core_);
  std::vector<run_count> counts;
  counts.reserve(l.by_status.size());
  for (auto& [kind, n] : l.by_status) counts.push_back({kind.first, kind.second, n});
  return counts;
}

std::vector<std::string> client::open_runs(std::string_view after, std::size_t count_max) {
  return core_->look([&](detail::engine_core& from) {
    return from.list_open_runs(name_space_, after, count_max);
  });
}

}}  // namespace stet::v0
