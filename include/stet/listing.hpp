// The arguments and results of the operator's verbs (admin.hpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <stet/attributes.hpp>
#include <stet/export.hpp>
#include <stet/kinds.hpp>
#include <stet/time.hpp>

namespace stet { inline namespace v0 {

/// An operation that a run waits for.
struct pending_info {
  wait_kind kind = wait_kind::step;
  std::string name;      ///< the step's, the child's workflow's, the promise's; "signal 'approved'"
  std::string detail;    ///< step: arguments in short; child: its id; promise: its token
  unsigned attempt = 0;  ///< step: the attempt that runs, ran last or will run next
  step_phase phase = step_phase::none;  ///< step: how far it is
  std::string last_error;               ///< step: what its last failed attempt said
  /// Step: what its latest heartbeat said, a payload: `stet::decode<int>(p.progress)`. Empty if
  /// there was none.
  std::string progress;
  /// Sleep: when it ends. Step: when the next attempt begins. Start: when the run begins. Otherwise
  /// zero. As the wall clock will show it, if it isn't set until then.
  time_point due{};
};

/// A description of a run, for an operator.
struct run_info {
  std::string id;
  std::string workflow;
  std::string version;    ///< of the workflow, which the run stays with; empty if it has none
  std::uint64_t run = 0;  ///< the run's number
  stet::status status = status::running;
  std::string reason;         ///< why it is stalled, or ended otherwise than completed
  std::uint64_t records = 0;  ///< number of records of its history
  time_point started{};
  time_point closed{};          ///< when it ended; zero if it hasn't
  std::uint64_t parent = 0;     ///< the number of the run that started it as a child, or 0
  std::uint64_t previous = 0;   ///< the number of the run that it continues, or 0; it may be erased
  std::uint64_t next = 0;       ///< the number of the run that continues it, or 0
  time_point next_wakeup{};     ///< when it goes on by itself, as `due` above; zero if it doesn't
  unsigned unread_signals = 0;  ///< signals that were sent to it and not read yet
  unsigned open_updates = 0;    ///< updates that were accepted and have no answer yet
  stet::attributes attributes;  ///< its search attributes
  std::string memo;             ///< its memo, a payload: `stet::decode<order>(info.memo)`
  std::string details;          ///< the text of context::set_details
  std::vector<pending_info> waits_for;
  /// When its cancellation was requested, if the run is open; zero if it wasn't. A stalled run gets
  /// the request when it goes on.
  time_point cancel_requested{};
  std::string cancel_reason;  ///< the reason of that request
};

/// One record of a run's history, for people.
struct history_entry {
  time_point time{};  ///< of the event; the records of what the run did about it have the same
  record_kind kind = record_kind::started;
  unsigned command = 0;  ///< the number of the operation that it belongs to; 0 if none
  std::string name;      ///< of the step, the workflow, the signal, …; or a reason
  /// Arguments, a result, an error, how long a sleep is and until when, …: in short, on one line.
  std::string detail;
};

/// A run in a list.
struct run_summary {
  std::string id;
  std::string workflow;
  std::string version;    ///< of the workflow, which the run stays with; empty if it has none
  std::uint64_t run = 0;  ///< the run's number: a later start has a higher one
  stet::status status = status::running;
  std::string reason;  ///< why it is stalled, or ended otherwise than completed
  time_point started{};
  time_point closed{};  ///< when it ended; zero if it hasn't
  stet::attributes attributes;
  std::string memo;     ///< a payload: `stet::decode<order>(summary.memo)`
  std::string details;  ///< the text of context::set_details
};

/// A page of the runs that a filter lets through.
struct run_page {
  std::vector<run_summary> runs;  ///< the latest start first
  std::string next;               ///< list_options::cursor of the next page; empty: no next page

  /// A compile error that says what to write.
  template <class P = void> const run_summary* begin() const {
    static_assert(
        detail::never<P>,
        "stet: a page has `runs`, and `next` for the page after it: for (auto& run : page.runs)");
    return nullptr;
  }
  template <class P = void> const run_summary* end() const { return nullptr; }
};

/// Options of a list.
struct list_options {
  std::size_t page_size = 100;  ///< runs at most, 1 to 10,000
  owned_text cursor{};          ///< run_page::next of the page before; empty for the first page
};

/// The number of runs of one workflow with one status.
struct run_count {
  std::string workflow;
  stet::status status = status::running;
  std::uint64_t count = 0;
};

}}  // namespace stet::v0
