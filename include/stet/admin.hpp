// What an operator does: which runs there are, what they are doing and why, and what mends them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/export.hpp>
#include <stet/impl/port.hpp>
#include <stet/listing.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 {

/// The operator's view of one namespace of an engine: client::admin(). Cheap to copy; usable as
/// long as the engine is open.
///
///     for (auto& run : engine.admin().list("ExecutionStatus = 'Stalled'").runs)
///       std::cout << run.id << ": " << run.reason << '\n';
///
/// Throws   stet::error from every call: errc::usage for nonsense, errc::closed after close,
///          errc::store when the store fails.
/// Thread   any but the engine's own (a workflow, a step's body in manual mode): there every call
///          throws errc::usage.
class STET_API admin {
 public:
  /// Returns what a run is doing and what it waits for; nothing if there is no such run. Never
  /// disturbs the run.
  ///     if (auto info = engine.admin().describe("order-7")) std::cout << info->reason;
  std::optional<run_info> describe(std::string_view id) const;
  /// Returns what happened to the latest run of this id, and what it did; nothing if there is none.
  ///
  /// Throws   errc::corrupt if its history can't be read.
  std::vector<history_entry> history(std::string_view id) const;
  /// Returns the runs that `filter` lets through, the latest start first, page by page; without a
  /// filter all of them.
  ///     auto page = engine.admin().list("WorkflowType = 'pay' AND ExecutionStatus = 'Running' "
  ///                                     "AND customer = 'ann' AND StartTime > '2026-11-01'");
  ///
  /// The filters are Temporal's: `= != > >= < <= AND OR NOT ( )`, `BETWEEN a AND b`, `IN (a, b)`,
  /// `STARTS_WITH`, `IS NULL`, `IS NOT NULL`, over one's own attributes and WorkflowId,
  /// WorkflowType, WorkflowVersion, ExecutionStatus, StartTime, CloseTime, ExecutionDuration,
  /// HistoryLength. See docs/guide/searching.md.
  /// Says what is true now, not what was a moment ago. A run that starts or ends between two pages
  /// moves none of the others from one page to the next: none is left out, none comes twice.
  ///
  /// Throws   errc::usage for a filter or a cursor that makes no sense, with the place.
  /// Cost     by what it gives, not by how many runs there are, where an index can answer: `=`,
  ///          `IN`, ranges and STARTS_WITH, and what is joined to one of those by AND.
  run_page list(std::string_view filter = {}, list_options o = {}) const;
  /// Returns how many runs `filter` lets through. At once if it asks for WorkflowType and
  /// ExecutionStatus only, however many there are.
  std::uint64_t count(std::string_view filter = {}) const;
  /// Returns the same by workflow and status, in order.
  std::vector<run_count> count_by_status(std::string_view filter = {}) const;
  /// Returns the ids of runs that haven't ended, in order, beginning after `after`: what is going
  /// on, page by page.
  std::vector<std::string> open_runs(std::string_view after = {},
                                     std::size_t count_max = 100) const;

  /// Lets a stalled run try again now: when what stalled it is gone without a new build (a restored
  /// chunk of history), or when its code brought the process down. A run that is stalled because
  /// the code doesn't fit is tried again at every start() anyway. While a body of its that captures
  /// still runs, it stays stalled, and is tried when that has returned. No effect on other runs.
  ///
  /// Throws   errc::not_found.
  void resume(std::string_view id) const;
  /// run_handle::move_to by id.
  /// Throws   errc::not_found as well.
  ///     engine.admin().move("order-7", "2");
  void move(std::string_view id, std::string_view version) const;
  /// Erases all runs of an id: their histories, their results, their places in every list. The
  /// user's own tables stay. Returns how many runs that were.
  ///     engine.admin().erase("order-7", {.children = true});
  ///
  /// Throws   errc::not_found; errc::conflict if one of them is open, or the body of a step of it
  ///          still runs: nothing is erased then. A store without room is tried at once, since this
  ///          makes some: errc::full says that it didn't help yet, and they go with what waits for
  ///          room.
  /// Durable  when it returns, they are gone, all in one commit.
  std::size_t erase(std::string_view id, erase_options o = {}) const;

 private:
  friend class client;
  admin(std::shared_ptr<detail::engine_port> e, std::string name_space)
      : engine_(std::move(e)), name_space_(std::move(name_space)) {}
  std::shared_ptr<detail::engine_port> engine_;
  std::string name_space_;
};

}}  // namespace stet::v0
