// One entry of a run's history, and its bytes.
//
// An *event* is an input that the run observes and that drives its coroutine; a *command* is an
// intent that the coroutine emitted while an event drove it; a *note* is a fact about something
// pending that the coroutine never sees. The history of a run is
//   ( event-that-drives  command* )*
// with notes and undriven events anywhere between. An event that couldn't drive at once (its run
// wasn't in memory, or is stalled) is written as undriven; a later `driven` note stands where it
// did drive.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <stet/error.hpp>
#include <stet/kinds.hpp>
#include <stet/payload.hpp>

#include "base/bytes.hpp"
#include "base/engine_time.hpp"
#include "base/ids.hpp"
#include "base/keyed_hash.hpp"

namespace stet { inline namespace v0 { namespace detail {

using v0::record_kind;
using v0::wait_kind;

constexpr bool is_event(record_kind k) noexcept { return static_cast<std::uint8_t>(k) < 16; }
constexpr bool is_command(record_kind k) noexcept {
  return static_cast<std::uint8_t>(k) >= 16 && static_cast<std::uint8_t>(k) < 32;
}
constexpr bool is_note(record_kind k) noexcept { return static_cast<std::uint8_t>(k) >= 32; }
constexpr bool is_end(record_kind k) noexcept {
  return k == record_kind::completed || k == record_kind::failed ||
         k == record_kind::ended_cancelled || k == record_kind::continued ||
         k == record_kind::terminated;
}
/// Returns the kind of command that this kind of event answers. An event can match no other
/// command.
constexpr record_kind answered_by(record_kind event) noexcept {
  switch (event) {
    case record_kind::timer_fired: return record_kind::sleep;
    case record_kind::child_done:
    case record_kind::child_failed: return record_kind::child;
    case record_kind::promise_resolved:
    case record_kind::promise_rejected: return record_kind::promise;
    case record_kind::message_done:
    case record_kind::message_failed: return record_kind::message;
    default: return record_kind::step;
  }
}
/// Returns the kind of record for this kind of command.
constexpr record_kind record_of(wait_kind k) noexcept {
  constexpr record_kind kinds[] = {record_kind::step,    record_kind::sleep,
                                   record_kind::child,   record_kind::condition,
                                   record_kind::promise, record_kind::message};
  return kinds[static_cast<int>(k)];
}
/// Returns true if the record's `name` is a reason, which is sealed as payloads are.
bool has_reason(record_kind k) noexcept;

/// The flags of each kind, from kinds.def: flag::child::abandons. On disk: never renumber.
namespace flag {
namespace event {
inline constexpr std::uint8_t undriven =
    1;  // the event waits, and a `driven` note is where it drives
}
#define STET_KIND(kind, number, text, fields, meaning)
#define STET_FLAG(kind, flag, bit, meaning) \
  namespace kind {                          \
  inline constexpr std::uint8_t flag = bit; \
  }
#define STET_FLAG_FIELD(kind, flag, bit, field, meaning) STET_FLAG(kind, flag, bit, meaning)
#include "history/kinds.def"
}  // namespace flag

/// A record as its fields. Texts are views into the bytes from which it was decoded. Only the
/// fields of its kind are written.
struct record {
  record_kind kind = record_kind::started;
  std::uint8_t flags = 0;
  run_number run;
  command_number command;  // the command's number; started: the parent's
  engine_time time;
  run_number related;       // child: the child's run; started: the parent's; continued: the next
  std::int64_t number = 0;  // sleep: ms; retry: a time; see kinds.def
  std::int64_t late = 0;    // ms from its event to a step or a sleep; retry: see the fold
  std::uint32_t attempt = 0;
  std::uint32_t line = 0;   // in the source
  errc code = errc::usage;  // step_failed, child_failed, failed
  std::uint64_t seed[2] = {0, 0};
  hash_key secret{};  // for its promises' tokens; only with flag has_secret
  // started:
  run_number first;                                     // first run of its chain; 0: itself
  run_number previous;                                  // the run that it continues, or 0
  engine_time begins_at;                                // 0: at once
  std::int64_t run_timeout = 0;                         // ms, from its beginning; 0: none
  engine_time execution_deadline;                       // of the whole chain; 0: none
  std::uint32_t payload_limit = payload_bytes_ceiling;  // of payloads that the run makes
  std::string_view name_space;                          // empty: "default"
  std::string_view attributes, memo, details;
  std::string_view version;  // of the workflow; empty: none
  // other kinds:
  std::string_view name;     // of the step, the workflow, the signal, …; or a reason
  std::string_view target;   // a run's id; an update's id; a signal's idempotency key
  std::string_view payload;  // arguments, a result, progress; an error's payload
  std::string_view error_type;
  std::string_view error_text;
  std::string_view error_path;  // the operations through which it came, see pack
};

/// The first part of the id of an update that one run sends to another.
inline constexpr std::string_view call_id_prefix = "stet:";
/// Returns the name by which a signal or an update is known when it is sent again: its key, its id.
/// Returns an empty text if it was given no name, if one run sends it to another (it is sent only
/// once), or if the record is of another kind.
inline std::string_view request_key(record_kind k, std::uint8_t flags,
                                    std::string_view target) noexcept {
  if (k == record_kind::signal) return target;
  bool is_asked = k == record_kind::update && !(flags & flag::update::unnamed) &&
                  !target.starts_with(call_id_prefix);
  return is_asked ? target : std::string_view();
}

/// Packs the operations through which a failure came, and unpacks them. Throws malformed.
std::string pack(const std::vector<failed_operation>& path);
std::vector<failed_operation> unpack_path(std::string_view bytes);
/// Returns the failure that a record has.
failure failure_of(const record& r);
/// Sets the failure of a record. `f` and `path` must outlive it: the record refers to them.
void set_failure(record& r, const failure& f, std::string& path);

/// Appends the record's bytes, first its length.
void encode(std::string& out, const record& r);
/// The same, as a record of this run.
void encode(std::string& out, const record& r, run_number run);
/// Takes one record. Its views point into the source's bytes. Throws malformed.
record decode_record(source& in);

}  // namespace detail
}}  // namespace stet::v0
