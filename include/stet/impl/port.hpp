// The commands of an engine, as plain structs and bytes: one struct for each command. The templates
// of client.hpp, run.hpp and admin.hpp fill them in, and an engine_port performs them.
//
// To add a command: write a struct here and its line in STET_ENGINE_COMMANDS, `perform` for it in
// the file of its subject in src/engine/calls, and the verb that sends it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/blob.hpp>
#include <stet/error.hpp>
#include <stet/export.hpp>
#include <stet/listing.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 {

class transaction;

namespace detail {

// ---------------------------------------------------------------- what commands are made of

/// Names a run: by its number, or, if that is 0, as the latest run of an id.
struct run_ref {
  std::uint64_t run = 0;
  std::string_view name_space, id;
};
struct start_result {
  std::uint64_t run = 0;
  bool created = false;
};
struct run_outcome {
  v0::status status = v0::status::running;
  std::string payload;
  failure error;
};
struct STET_API start_request {
  start_request() = default;
  /// Packs the attributes and the memo that the options refer to.
  /// Throws   errc::usage for an attribute that makes no sense, or a memo that is too large.
  start_request(std::string_view id, std::string arguments, const start_options& o);
  std::string id, arguments, attributes, memo;
  id_conflict conflict = id_conflict::use_existing;
  id_reuse reuse = id_reuse::use_existing;
  duration delay{}, run_timeout{}, execution_timeout{};
  bool expects_same_arguments = false;
};
struct signal_request {
  std::string_view name;
  std::string payload;
  std::string_view key;
};
struct update_request {
  std::string_view name;
  std::string id, arguments;
};
enum class update_stage : std::uint8_t {
  accepted,  // send it, and wait until it is accepted
  answered,  // send it, and wait for its answer
  attached,  // wait for the answer of one that was sent before
};
struct update_outcome {
  std::uint64_t run = 0;  // the run that got the update
  std::string id;         // the id of the request, or one that was made for it
  bool answered = false;
  std::string payload;
  std::optional<failure> error;
};

/// A function of a transaction, without its type.
class transact_function {
 public:
  virtual void run(transaction& tx) = 0;

 protected:
  ~transact_function() = default;
};

// ---------------------------------------------------------------- the commands

/// The needs of a command: what the store has to allow.
enum class needs : std::uint8_t {
  room,     // it writes: refused while the store has no room
  nothing,  // it writes nothing, or makes room: performed in any case
  reading,  // it only reads: while the store refuses to write it sees what is durable
};

/// Starts runs of a workflow in one commit: all of them, or none if it throws.
struct start_runs {
  using result = std::vector<start_result>;
  static constexpr auto need = needs::room;
  std::string_view name_space, workflow;
  std::vector<start_request> runs;
};
/// Sends a signal to the open run of an id; without one, starts a run first.
struct start_with_signal {
  using result = start_result;
  static constexpr auto need = needs::room;
  std::string_view name_space, workflow;
  start_request run;
  signal_request signal;
};
/// Finds the latest run of an id.
/// Throws   errc::conflict if the run belongs to another workflow.
struct find_run {
  using result = std::optional<start_result>;
  static constexpr auto need = needs::reading;
  std::string_view workflow;
  run_ref target;
};
struct status_of_run {
  using result = v0::status;
  static constexpr auto need = needs::reading;
  run_ref target;
};
struct cancel_run {
  using result = void;
  static constexpr auto need = needs::room;
  run_ref target;
  std::string_view reason;
};
struct terminate_run {
  using result = void;
  static constexpr auto need = needs::room;
  run_ref target;
  std::string_view reason;
};
struct move_run {
  using result = void;
  static constexpr auto need = needs::room;
  run_ref target;
  std::string_view version;
};
struct resume_run {
  using result = void;
  static constexpr auto need = needs::room;
  run_ref target;
};
struct signal_run {
  using result = void;
  static constexpr auto need = needs::room;
  run_ref target;
  signal_request signal;
};
/// Answers a query. Returns the payload of the answer.
struct query_run {
  using result = std::string;
  static constexpr auto need = needs::nothing;
  run_ref target;
  std::string_view name, arguments;
};
/// Returns false if the promise was answered before, or if its run has gone on without it.
struct answer_promise {
  using result = bool;
  static constexpr auto need = needs::room;
  std::string_view promise, token, payload;
  const failure* rejected = nullptr;
};
struct read_blob {
  using result = std::string;
  static constexpr auto need = needs::reading;
  std::string_view name_space;
  const blob& value;
  std::uint64_t offset, length;
};
struct transact_in {
  using result = void;
  static constexpr auto need = needs::room;
  std::string_view name_space;
  transact_function& function;
};
/// Erases all runs of an id. Returns how many.
struct erase_runs {
  using result = std::size_t;
  static constexpr auto need = needs::nothing;
  run_ref target;
  erase_options options;
};
struct describe_run {
  using result = std::optional<run_info>;
  static constexpr auto need = needs::reading;
  run_ref target;
};
struct history_of_run {
  using result = std::vector<history_entry>;
  static constexpr auto need = needs::reading;
  run_ref target;
};
/// Returns a history as a file has it.
struct export_run {
  using result = std::string;
  static constexpr auto need = needs::reading;
  run_ref target;
};

// clang-format off
#define STET_ENGINE_COMMANDS(command) \
  command(start_runs) \
  command(start_with_signal) \
  command(find_run) \
  command(status_of_run) \
  command(cancel_run) \
  command(terminate_run) \
  command(move_run) \
  command(resume_run) \
  command(signal_run) \
  command(answer_promise) \
  command(read_blob) \
  command(transact_in) \
  command(erase_runs) \
  command(describe_run) \
  command(history_of_run) \
  command(export_run)
// clang-format on

// ---------------------------------------------------------------- commands that take their time

/// Waits for the end of a run and of those that continue it. Returns an empty optional if `limit`
/// passed first.
struct await_run {
  using result = std::optional<run_outcome>;
  run_ref target;
  std::optional<duration> limit;
};
/// Waits until the run that is named has another number of records, or isn't the latest of its id
/// any more. Returns false if `limit` passed first.
struct await_change {
  using result = bool;
  run_ref target;
  std::uint64_t records;
  std::optional<duration> limit;
};
/// Returns an empty optional if `limit` passed first.
struct update_run {
  using result = std::optional<update_outcome>;
  run_ref target;
  update_request update;
  update_stage until;
  std::optional<duration> limit;
};
/// Sends an update to the open run of an id; without one, starts a run first.
struct start_with_update {
  using result = std::pair<start_result, update_outcome>;
  std::string_view name_space, workflow;
  start_request run;
  update_request update;
  update_stage until;
};
struct list_runs {
  using result = run_page;
  std::string_view name_space, filter;
  list_options options;
};
struct count_runs {
  using result = std::uint64_t;
  std::string_view name_space, filter;
};
struct count_by_status {
  using result = std::vector<run_count>;
  std::string_view name_space, filter;
};
struct list_open_ids {
  using result = std::vector<std::string>;
  std::string_view name_space, after;
  std::size_t count_max;
};

// clang-format off
#define STET_LONG_COMMANDS(command) \
  command(query_run) \
  command(await_run) \
  command(await_change) \
  command(update_run) \
  command(start_with_update) \
  command(list_runs) \
  command(count_runs) \
  command(count_by_status) \
  command(list_open_ids)
// clang-format on

/// An engine, as its clients see it.
///
/// Throws   stet::error, as the verbs of client.hpp say.
/// Thread   any but the engine's own: there every call throws errc::usage.
/// Durable  when a call returns, what it did or returned is.
class STET_API engine_port {
 public:
  engine_port() = default;
  engine_port(const engine_port&) = delete;
  engine_port& operator=(const engine_port&) = delete;
  virtual ~engine_port();

#define STET_COMMAND(name) virtual name::result perform(const name& command) = 0;
  STET_ENGINE_COMMANDS(STET_COMMAND)
  STET_LONG_COMMANDS(STET_COMMAND)
#undef STET_COMMAND

  /// Throws   what a run, an update or a child has failed with: the declared exception, if the
  ///          engine knows its type.
  [[noreturn]] virtual void raise(errc code, std::string_view of, const failure& f) const = 0;
};

/// Throws   the error for a run that was awaited and has ended otherwise than completed.
[[noreturn]] STET_API void raise_outcome(const engine_port& e, std::string_view id,
                                         const run_outcome& o);

}  // namespace detail
}}  // namespace stet::v0
