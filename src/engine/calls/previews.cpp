#include "engine/calls/previews.hpp"

#include <set>
#include <tuple>
#include <utility>

#include "engine/calls/history_bytes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t page_size = 1000;

}  // namespace

start_preview previews::of_start(std::size_t listed_max, const std::shared_ptr<const void>& whole) {
  start_preview p;
  std::set<std::string> names;
  for (auto& [kind, n] : e_.runs.counters.all()) names.insert(std::get<0>(kind));
  for (auto& [run, r] : e_.runs.table.all()) names.emplace(namespace_of(r->state));
  for (auto& name : names) add_namespace(name, p, listed_max, whole);
  return p;
}

/// Checks the open runs of a namespace, page by page.
void previews::add_namespace(const std::string& name_space, start_preview& p,
                             std::size_t listed_max, const std::shared_ptr<const void>& whole) {
  listing l(name_space, listing::open_runs, listing::kind::rows);
  l.rows_max = page_size;
  for (bool more = true; more;) {
    while (!l.done) (void)lists_.go_on(l, whole);
    more = l.rows.size() == page_size;
    for (auto& row : l.rows) {
      auto r = e_.runs.table.load(run_number(row.run));
      if (!r) continue;
      ++p.open_runs;
      auto why = e_.drive.frames.why_stalled(*r);
      if (why.empty() || ++p.stalled_runs > listed_max) continue;
      p.stalled.push_back({name_space, row.id, row.workflow, row.version, row.run, std::move(why)});
    }
    l.rows.clear();
    l.done = false;
  }
}

stalled_run previews::of_history(std::string_view exported) {
  auto h = decode_history(exported);
  run_state s;
  s.name_space = as_stored(h.name_space);
  s.run = h.run;
  s.id = h.id;
  s.workflow = h.workflow;
  s.version = h.version;
  try {
    source in(h.records);
    auto started = decode_record(in);
    s.seed[0] = started.seed[0];
    s.seed[1] = started.seed[1];
    e_.services.payloads.open_for_replay(h.records, owner_of(s));
  } catch (const malformed& e) { throw error(errc::corrupt, h.id, e.what()); }
  stalled_run p;
  p.name_space = std::move(h.name_space);
  p.id = std::move(h.id);
  p.workflow = std::move(h.workflow);
  p.version = std::move(h.version);
  p.run = h.run.value();
  auto* d = e_.services.definitions.find(p.workflow, p.version);
  p.reason = d ? e_.drive.frames.why_incompatible(*d, s, h.records)
               : e_.services.definitions.why_missing(p.workflow, p.version);
  return p;
}

}}}  // namespace stet::v0::detail
