// The operator's verbs: which runs exist, what they are doing and why, and how to mend them.
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
#include <stet/filter.hpp>
#include <stet/found.hpp>
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
/// Throws   stet::error from every call: errc::usage for an argument that makes no sense,
///          errc::closed after close, errc::store when the store fails, errc::corrupt for a run
///          whose snapshot or history can't be read.
/// Thread   any but the engine's own (a workflow, a transaction, an inline step, in manual mode any
///          step's body): there every call throws errc::usage.
class STET_API admin {
 public:
  /// Returns what a run is doing and what it waits for; an empty optional if there is no run of
  /// this id. Never disturbs the run.
  ///     if (auto info = engine.admin().describe("order-7")) std::cout << info->reason;
  ///     for (auto& w : engine.admin().describe("order-7").value().waits_for) …
  ///
  /// Throws   errc::not_found from value(), if there is no run of this id.
  /// Life     the result owns the description. `describe(id)->…` doesn't compile: a loop over it
  ///          would read what is gone (found.hpp).
  found<run_info> describe(std::string_view id) const;
  /// Waits until the run that `known` describes has changed (it has done something or was sent
  /// something, is stalled, or has ended), or until `limit` has passed, and describes it then. If
  /// it has changed since, or had ended, it is described at once; so is a later run of its id.
  ///     for (auto info = admin.describe(id); info; info = admin.wait_for_change(*info, 10s)) {
  ///       show(*info);
  ///       if (info->status != stet::status::running) break;
  ///     }
  ///
  /// Returns  the description, which has the same number of records if nothing has changed; an
  ///          empty optional if the run has been erased.
  /// Durable  when it returns, what it describes is.
  found<run_info> wait_for_change(const run_info& known, duration limit) const;
  /// Returns the records of the latest run of this id: what happened to the run, and what it did.
  /// Returns an empty vector if there is no run of this id.
  std::vector<history_entry> history(std::string_view id) const;
  /// Returns a page of the runs that `filter` lets through, the latest start first. Without a
  /// filter, it lets through all runs.
  ///     using namespace stet::built_in;
  ///     auto page = engine.admin().list(WorkflowType == Pay && Customer == who &&
  ///                                     ExecutionStatus == stet::status::running);
  ///     page = engine.admin().list("WorkflowType = 'pay' AND customer = " + stet::quoted(who) +
  ///                                " AND StartTime > '2026-11-01'");
  ///
  /// A filter is made of typed attributes (filter.hpp), or is a text. A text with a value from
  /// outside needs stet::quoted for it. The texts are Temporal's: `= != > >= < <= AND OR NOT ( )`,
  /// `BETWEEN a AND b`, `IN (a, b)`,
  /// `STARTS_WITH`, `IS NULL`, `IS NOT NULL`, over one's own attributes and WorkflowId,
  /// WorkflowType, WorkflowVersion, ExecutionStatus, StartTime, CloseTime, ExecutionDuration,
  /// HistoryLength. See docs/guide/searching.md.
  /// A list shows what is true now, not what was true a moment ago. A run that starts or ends
  /// between two pages moves no other run from one page to the next: no run is left out, and none
  /// is listed twice.
  ///
  /// Throws   errc::usage for a filter that makes no sense (the message says where), for a cursor
  ///          that no page gave, and for a page size that isn't 1 to 10,000.
  /// Cost     grows with the runs that it returns, not with those that exist, where an index can
  ///          answer: `=`, `IN`, ranges and STARTS_WITH, and a condition that AND joins to one of
  ///          those.
  run_page list(const run_filter& filter = {}, const list_options& o = {}) const;
  /// Returns how many runs `filter` lets through.
  /// Cost     the same for any number of runs if the filter asks for WorkflowType and
  ///          ExecutionStatus only; otherwise it grows with the runs that an index of list() gives.
  std::uint64_t count(const run_filter& filter = {}) const;
  // Compile errors that say what to write.
  template <class D>
    requires(!std::convertible_to<D, duration>)
  found<run_info> wait_for_change(const run_info&, D) const {
    detail::refuse_length<D>();
    return {};
  }
  template <detail::text S, class... X> run_page list(const run_filter&, const S&, X&&...) const {
    detail::refuse_placeholder<S>();
    return {};
  }
  template <detail::text S, class... X>
  std::uint64_t count(const run_filter&, const S&, X&&...) const {
    detail::refuse_placeholder<S>();
    return 0;
  }
  /// Returns how many runs `filter` lets through, for each workflow and status, sorted by these.
  std::vector<run_count> count_by_status(const run_filter& filter = {}) const;
  /// Returns the ids of at most `count_max` runs that haven't ended, sorted, beginning after the id
  /// `after`: pass the last id of one page to get the next. An id that has an open run all the time
  /// is among them, also while a run of it continues as new.
  /// Cost     grows with the number of all open runs of the namespace.
  std::vector<std::string> open_runs(std::string_view after = {},
                                     std::size_t count_max = 100) const;

  /// Lets a stalled run try again now. Call it when the cause is gone without a new build (say, a
  /// missing part of the history was restored), or when the run's code brought the process down. A
  /// run that is stalled because the code doesn't fit is tried again at every start() anyway. While
  /// the body of one of its steps still runs and captures, the run stays stalled; it is tried again
  /// when that body has returned. If a run isn't stalled, and steps of it wait for their next
  /// attempts, these begin now (say, a service works again, and the retry is due tomorrow). No
  /// effect on other runs.
  ///
  /// Throws   errc::not_found if there is no run of this id.
  void resume(std::string_view id) const;
  /// Moves the latest run of an id to another version of its workflow, as run_handle::move_to does.
  /// Throws   as run_handle::move_to; errc::not_found if there is no run of this id.
  ///     engine.admin().move("order-7", "2");
  void move(std::string_view id, std::string_view version) const;
  /// Erases all runs of an id: their histories, their results, their entries in every list. The
  /// user's own tables stay.
  ///     engine.admin().erase("order-7", {.children = true});
  ///
  /// Returns  how many runs were erased, with erase_options::children also those of the children.
  /// Throws   errc::not_found; errc::conflict if one of the runs is open, or if the body of one of
  ///          its steps still runs or is queued for a thread: then none is erased, and with
  ///          erase_options::terminate none is terminated. An erasure makes room, so it is tried
  ///          at once on a store without room; errc::full says that the room doesn't suffice yet,
  ///          and the runs are erased with the next commit that succeeds.
  /// Durable  when it returns, all of the runs are gone, in one commit.
  std::size_t erase(std::string_view id, erase_options o = {}) const;

 private:
  friend class client;
  admin(std::shared_ptr<detail::engine_port> e, std::string name_space)
      : engine_(std::move(e)), name_space_(std::move(name_space)) {}
  std::shared_ptr<detail::engine_port> engine_;
  std::string name_space_;
};

}}  // namespace stet::v0
