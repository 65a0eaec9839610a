// Submits the commands of clients to the loop, and waits for those that take longer than a turn.
#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <stet/history_file.hpp>
#include <stet/listing.hpp>

#include "base/shown.hpp"
#include "engine/loop/core.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 {
namespace detail {

std::optional<record_lsn> outcome_call::perform(calls_room& c) {
  return c.parts.drive.waiting_calls.await_outcome(*this);
}
std::optional<record_lsn> change_call::perform(calls_room& c) {
  return c.describing.await_change(*this);
}
std::optional<record_lsn> update_call::perform(calls_room& c) { return c.updates.perform(*this); }

// ---------------------------------------------------------------- runs

start_request::start_request(std::string_view i, std::string a, const start_options& o)
    : id(i),
      arguments(std::move(a)),
      attributes(pack(o.attributes)),
      conflict(o.conflict),
      reuse(o.reuse),
      delay(o.delay),
      run_timeout(o.run_timeout),
      execution_timeout(o.execution_timeout),
      expects_same_arguments(o.expects_same_arguments) {
  o.memo.encode_to(memo);
  check_memo(id, memo.size());
}

// ---------------------------------------------------------------- commands of one turn

template <class C> auto engine_core::submit_command(const C& command) {
  if constexpr (C::need == needs::reading) {
    return read_call([&](engine_core& from) { return detail::perform(from.calls, command); });
  } else {
    auto on_loop = [&] { return detail::perform(calls, command); };
    function_call<decltype(on_loop)> c(on_loop);
    c.needs_room = C::need == needs::room;
    submit(c);
    return c.take();
  }
}

#define STET_COMMAND(name) \
  name::result engine_core::perform(const name& command) { return submit_command(command); }
STET_ENGINE_COMMANDS(STET_COMMAND)
#undef STET_COMMAND

// ---------------------------------------------------------------- commands that wait for a run

std::optional<run_outcome> engine_core::perform(const await_run& command) {
  outcome_call c(command.target);
  if (!submit(c, command.limit)) return std::nullopt;
  c.rethrow();
  return std::move(c.outcome);
}
bool engine_core::perform(const await_change& command) {
  change_call c(command.target, command.records);
  if (!submit(c, command.limit)) return false;
  c.rethrow();
  return true;
}
std::optional<update_outcome> engine_core::perform(const update_run& command) {
  update_call c(command.target, command.update, command.until);
  c.needs_room = command.until != update_stage::attached;
  if (!submit(c, command.limit)) return std::nullopt;
  c.rethrow();
  return std::move(c.outcome);
}
std::pair<start_result, update_outcome> engine_core::perform(const start_with_update& command) {
  update_call c({0, command.name_space, command.run.id}, command.update, command.until);
  c.needs_room = true;
  c.start = &command.run;
  c.workflow = command.workflow;
  submit(c);
  c.rethrow();
  return {*c.started, std::move(c.outcome)};
}

engine_port::~engine_port() = default;

void engine_core::raise(errc code, std::string_view of, const failure& f) const {
  parts.services.errors.raise(code, of, f);
}

void raise_outcome(const engine_port& e, std::string_view id, const run_outcome& o) {
  auto name = shown(id);
  switch (o.status) {
    case v0::status::cancelled:
      throw run_cancelled(errc::run_cancelled, id,
                          "the run " + name + " was cancelled: " + o.error.message);
    case v0::status::terminated:
      throw run_terminated(errc::run_terminated, id,
                           "the run " + name + " was terminated: " + o.error.message);
    case v0::status::timed_out:
      throw run_timed_out(errc::run_timed_out, id,
                          "the run " + name + " took too long: " + o.error.message);
    case v0::status::stalled:
      throw error(errc::run_stalled, id, "the run " + name + " is stalled: " + o.error.message);
    default: break;
  }
  try {
    e.raise(errc::run_failed, id, o.error);
  } catch (const child_failed&) {  // the error type isn't declared
    throw run_failed(errc::run_failed, id, o.error);
  }
}

// ---------------------------------------------------------------- queries

std::string engine_core::perform(const query_run& command) {
  slow_question q;
  while (!q.text) {
    auto on_loop = [&] {
      return calls.queries.go_on(command.target, command.name, command.arguments, q);
    };
    function_call<decltype(on_loop)> c(on_loop);
    c.needs_room = false;
    submit(c);
    c.take();
  }
  return *std::move(q.text);
}

// ---------------------------------------------------------------- lists

namespace {

/// Does a listing turn by turn. If the store refuses the records that a part depends on, that part
/// is done again.
void finish_listing(listing& l, engine_core& e) {
  while (!l.done) {
    bool again = false;
    auto begin = l.here();
    e.read_call([&](engine_core& from) {
      if (std::exchange(again, true)) l.go_back(begin);
      return from.calls.lists.go_on(l, from.shared_from_this());
    });
  }
}

}  // namespace

run_page engine_core::perform(const list_runs& command) {
  auto& o = command.options;
  constexpr std::size_t page_max = 10'000;
  if (o.page_size == 0 || o.page_size > page_max)
    throw error(errc::usage, "list",
                "a page has 1 to " + std::to_string(page_max) + " runs, not " +
                    std::to_string(o.page_size));
  listing l(command.name_space, command.filter, listing::kind::rows);
  l.rows_max = o.page_size + 1;
  if (!o.cursor.empty()) {
    std::uint64_t below = 0;
    auto* begin = &o.cursor.front();
    auto* end = begin + o.cursor.size();
    auto r = std::from_chars(begin, end, below, 16);
    if (r.ec != std::errc() || r.ptr != end)
      throw error(errc::usage, "list",
                  "the cursor " + shown(o.cursor) + " is not one that a page gave");
    l.below = run_number(below);
  }
  finish_listing(l, *this);
  run_page page;
  page.runs = std::move(l.rows);
  if (page.runs.size() <= o.page_size) return page;
  char text[17];
  auto r = std::to_chars(text, text + sizeof text, page.runs.back().run, 16);
  page.next.assign(text, r.ptr);
  page.runs.pop_back();
  return page;
}

std::uint64_t engine_core::perform(const count_runs& command) {
  listing l(command.name_space, command.filter, listing::kind::number);
  finish_listing(l, *this);
  return l.number;
}

std::vector<run_count> engine_core::perform(const count_by_status& command) {
  listing l(command.name_space, command.filter, listing::kind::by_status);
  finish_listing(l, *this);
  std::vector<run_count> counts;
  counts.reserve(l.by_status.size());
  for (auto& [kind, n] : l.by_status) counts.push_back({kind.first, kind.second, n});
  return counts;
}

std::vector<std::string> engine_core::perform(const list_open_ids& command) {
  listing l(command.name_space, listing::open_runs, listing::kind::ids);
  l.after = command.after;
  finish_listing(l, *this);
  auto open = std::move(l.ids);
  std::sort(open.begin(), open.end());
  open.erase(std::unique(open.begin(), open.end()), open.end());
  if (open.size() > command.count_max) open.resize(command.count_max);
  return open;
}

}  // namespace detail

std::string export_history(engine& e, std::string_view id, std::string_view name_space) {
  return e.internals().perform(detail::export_run{.target = {0, name_space, id}});
}
stalled_run replay_history(engine& e, std::string_view exported) {
  return e.internals().replay_history(exported);
}

}}  // namespace stet::v0
