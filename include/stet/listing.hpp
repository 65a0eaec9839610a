// What an operator sees of runs: what the verbs of admin.hpp take and give.
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

/// Something a run waits for.
struct pending_info {
  wait_kind kind = wait_kind::step;
  std::string name;      ///< the step's, the child's workflow's, the promise's; "signal 'approved'"
  std::string detail;    ///< step: arguments in short; child: its id; promise: its token
  unsigned attempt = 0;  ///< step: the attempt that runs, ran last or will run next
  std::string last_error;  ///< step: what its last failed attempt said
  /// Sleep: when it ends; step: when the next attempt begins; start: when the run begins; else
  /// zero.
  time_point due{};
};

/// What an operator asks about a run.
struct run_info {
  std::string id;
  std::string workflow;
  std::string version;    ///< of the workflow, that it is pinned to; empty: none
  std::uint64_t run = 0;  ///< the run's number
  stet::status status = status::running;
  std::string reason;         ///< why it is stalled, failed, cancelled or terminated
  std::uint64_t records = 0;  ///< of its history
  time_point started{};
  time_point closed{};          ///< when it ended; zero: it hasn't
  std::uint64_t parent = 0;     ///< the run that waits for it, or 0
  std::uint64_t previous = 0;   ///< the run that it continues, or 0; it may have been erased
  std::uint64_t next = 0;       ///< the run that continues it, or 0
  time_point next_wakeup{};     ///< when it goes on by itself; zero: it doesn't
  unsigned unread_signals = 0;  ///< that were sent to it and that it has not read
  unsigned open_updates = 0;    ///< that were accepted and have no answer yet
  stet::attributes attributes;  ///< its search attributes
  std::string memo;             ///< its memo, a payload: `stet::decode<order>(info.memo)`
  std::string details;          ///< what it says of itself: context::set_details
  std::vector<pending_info> waits_for;
};

/// One record of a run's history, for people.
struct history_entry {
  time_point time{};  ///< of what happened to the run; what it did about it has the same
  record_kind kind = record_kind::started;
  unsigned command = 0;  ///< the number of the operation that it is or answers; 0: none
  std::string name;      ///< of the step, the workflow, the signal, …; a reason
  std::string detail;    ///< arguments, a result, what went wrong: in short
};

/// A run in a list.
struct run_summary {
  std::string id;
  std::string workflow;
  std::string version;    ///< of the workflow, that it is pinned to; empty: none
  std::uint64_t run = 0;  ///< the run's number: a later start has a higher one
  stet::status status = status::running;
  std::string reason;  ///< why it is stalled, failed, cancelled or terminated
  time_point started{};
  time_point closed{};  ///< when it ended; zero: it hasn't
  stet::attributes attributes;
  std::string memo;     ///< a payload: `stet::decode<order>(summary.memo)`
  std::string details;  ///< what it says of itself: context::set_details
};

/// Some of the runs that a filter lets through.
struct run_page {
  std::vector<run_summary> runs;  ///< the latest start first
  std::string next;               ///< where the next page begins: list_options::cursor; empty: none
};

/// How a list is given.
struct list_options {
  std::size_t page_size = 100;  ///< runs at most, 1 to 10,000
  std::string_view cursor{};    ///< run_page::next of the page before; empty: the first page
};

/// How many runs there are of one workflow with one status.
struct run_count {
  std::string workflow;
  stet::status status = status::running;
  std::uint64_t count = 0;
};

}}  // namespace stet::v0
