// The typeless functions behind the templates of the public headers, each of which is a call to the
// loop.
#include <charconv>
#include <string>
#include <utility>

#include <stet/blob.hpp>
#include <stet/history_file.hpp>
#include <stet/listing.hpp>
#include <stet/step.hpp>
#include <stet/transaction.hpp>

#include "base/shown.hpp"
#include "engine/calls/blob_store.hpp"
#include "engine/calls/transacting.hpp"
#include "engine/loop/core.hpp"
#include "execution/limits.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 {
namespace detail {

std::optional<std::uint64_t> outcome_call::perform(calls_room& c) {
  return c.parts.drive.waiters.await_outcome(*this);
}
std::optional<std::uint64_t> update_call::perform(calls_room& c) {
  return c.updates.perform(*this);
}

// ---------------------------------------------------------------- runs

start_request::start_request(std::string_view i, std::string a, const start_options& o)
    : id(i),
      arguments(std::move(a)),
      attributes(pack(o.attributes)),
      conflict(o.conflict),
      reuse(o.reuse),
      delay(o.delay),
      run_timeout(o.run_timeout),
      execution_timeout(o.execution_timeout) {
  o.memo.encode_to(memo);
  check_memo(id, memo.size());
}

std::vector<start_result> core::start(engine_core& e, std::string_view name_space,
                                      std::string_view workflow,
                                      std::vector<start_request> requests) {
  return e.write_call([&] { return e.calls.starts.start(name_space, workflow, requests); });
}
start_result core::start_with(engine_core& e, std::string_view name_space,
                              std::string_view workflow, const start_request& q,
                              const signal_request& s) {
  return e.write_call([&]() -> answer<start_result> {
    check(s);
    auto started = e.calls.starts.start(name_space, workflow, {&q, 1}, &s);
    return {started.value.front(), started.lsn};
  });
}
std::pair<start_result, update_outcome> core::start_with(
    engine_core& e, std::string_view name_space, std::string_view workflow, const start_request& q,
    const update_request& u, update_stage until) {
  update_call c({0, name_space, q.id}, u, until);
  c.needs_room = true;
  c.start = &q;
  c.workflow = workflow;
  e.submit(c);
  c.rethrow();
  return {*c.started, std::move(c.outcome)};
}
std::optional<start_result> core::find(engine_core& e, std::string_view workflow, run_ref of) {
  return e.read_call([&](engine_core& from) { return from.calls.starts.find(workflow, of); });
}
v0::status core::status(engine_core& e, run_ref of) {
  return e.read_call([&](engine_core& from) { return from.calls.control.status(of); });
}
void core::cancel(engine_core& e, run_ref of, std::string_view reason) {
  e.write_call([&] { return e.calls.control.cancel(of, reason); });
}
void core::terminate(engine_core& e, run_ref of, std::string_view reason) {
  e.write_call([&] { return e.calls.control.terminate(of, reason); });
}
void core::move(engine_core& e, run_ref of, std::string_view version) {
  e.write_call([&] { return e.calls.control.move(of, version); });
}
std::optional<run_outcome> core::wait(engine_core& e, run_ref of, std::optional<duration> limit) {
  outcome_call c(of);
  c.needs_room = false;
  if (!e.submit(c, limit)) return std::nullopt;
  c.rethrow();
  return std::move(c.outcome);
}

void core::raise(engine_core& e, std::string_view id, const run_outcome& o) {
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
    e.parts.shared.errors.raise(errc::run_failed, id, o.error);
  } catch (const child_failed&) {  // not declared
    throw run_failed(errc::run_failed, id, o.error);
  }
}

// ---------------------------------------------------------------- messages

void core::signal(engine_core& e, run_ref of, const signal_request& q) {
  e.write_call([&] { return e.calls.signals.send(of, q); });
}
std::string core::query(engine_core& e, run_ref of, std::string_view name,
                        std::string_view arguments) {
  return e.roomless_call([&] { return e.calls.queries.ask(of, name, arguments); });
}
std::optional<update_outcome> core::update(engine_core& e, run_ref of, const update_request& q,
                                           update_stage until, std::optional<duration> limit) {
  update_call c(of, q, until);
  c.needs_room = until != update_stage::attached;
  if (!e.submit(c, limit)) return std::nullopt;
  c.rethrow();
  return std::move(c.outcome);
}
void core::raise_update(engine_core& e, std::string_view name, const failure& f) {
  e.parts.shared.errors.raise(errc::update_failed, name, f);
}
bool core::answer_promise(engine_core& e, std::string_view promise, std::string_view token,
                          std::string_view payload, const failure* rejected) {
  return e.write_call(
      [&] { return e.calls.signals.answer_promise(promise, token, payload, rejected); });
}

// ---------------------------------------------------------------- tables and blobs

void core::transact(engine_core& e, std::string_view name_space, transact_function& f) {
  e.write_call([&] { return detail::transact(e.parts, name_space, f); });
}
std::string core::read_blob(engine_core& e, std::string_view name_space, const blob& b,
                            std::uint64_t offset, std::uint64_t length) {
  return e.read_call([&](engine_core& from) -> answer<std::string> {
    // The caller has the handle from a record that is durable.
    return {detail::read_blob(from.parts.tables, name_space, b, offset, length), 0};
  });
}

}  // namespace detail

// ---------------------------------------------------------------- an operator's

void client::cancel(std::string_view id, std::string_view reason) {
  detail::core::cancel(*core_, {0, name_space_, id}, reason);
}
void client::terminate(std::string_view id, std::string_view reason) {
  detail::core::terminate(*core_, {0, name_space_, id}, reason);
}
void client::move(std::string_view id, std::string_view version) {
  detail::core::move(*core_, {0, name_space_, id}, version);
}
void client::resume(std::string_view id) {
  core_->write_call([&] { return core_->calls.control.resume({0, name_space_, id}); });
}
std::size_t client::erase(std::string_view id, erase_options o) {
  return core_->roomless_call([&] { return core_->calls.eraser.erase({0, name_space_, id}, o); });
}
std::optional<run_info> client::describe(std::string_view id) {
  return core_->read_call([&](detail::engine_core& from) {
    return from.calls.describing.describe({0, name_space_, id});
  });
}
std::vector<history_entry> client::history(std::string_view id) {
  return core_->read_call([&](detail::engine_core& from) {
    return from.calls.describing.history({0, name_space_, id});
  });
}
std::string export_history(engine& e, std::string_view id, std::string_view name_space) {
  return e.internals().read_call([&](detail::engine_core& from) {
    return from.calls.describing.export_history({0, name_space, id});
  });
}
parked_run replay_history(engine& e, std::string_view exported) {
  return e.internals().replay_history(exported);
}

// ---------------------------------------------------------------- lists

namespace {

using detail::listing;

/// Turn by turn. If the store refuses what a turn's part depends on, the part is done again.
void finish(listing& l, detail::engine_core& core) {
  while (!l.done) {
    bool again = false;
    auto begin = l.here();
    core.read_call([&](detail::engine_core& from) {
      if (std::exchange(again, true)) l.go_back(begin);
      return from.calls.lists.go_on(l, from.shared_from_this());
    });
  }
}

}  // namespace

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
  finish(l, *core_);
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
  finish(l, *core_);
  return l.number;
}

std::vector<run_count> client::count_by_status(std::string_view filter) {
  listing l(name_space_, filter, listing::kind::by_status);
  finish(l, *core_);
  std::vector<run_count> counts;
  counts.reserve(l.by_status.size());
  for (auto& [kind, n] : l.by_status) counts.push_back({kind.first, kind.second, n});
  return counts;
}

std::vector<std::string> client::open_runs(std::string_view after, std::size_t count_max) {
  return core_->read_call([&](detail::engine_core& from) {
    return from.calls.lists.open_runs(name_space_, after, count_max, from.shared_from_this());
  });
}

}}  // namespace stet::v0
