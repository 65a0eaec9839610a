// One entry of a run's history, and its bytes.
//
// An *event* is an input that the run observes and that drives its coroutine; a *command* is an
// intent that the coroutine emitted while an event drove it; a *note* is a fact about something
// pending that the coroutine never sees. The history of a run is:   ( event-that-drives  command*
// )*   with notes and undriven events anywhere between. An event that couldn't drive at once (its
// run wasn't loaded, or is stalled) is written as undriven; a later `driven` note stands where it
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
/// The kind of command that an event answers; nothing else, however late or foreign, can match.
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
/// The kind of record that a command of this kind is.
constexpr record_kind record_of(wait_kind k) noexcept {
  constexpr record_kind kinds[] = {record_kind::step,    record_kind::sleep,
                                   record_kind::child,   record_kind::condition,
                                   record_kind::promise, record_kind::message};
  return kinds[static_cast<int>(k)];
}
/// Whether the record's `name` is a reason, which is sealed as payloads are.
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

/// A record as its fields. Texts are views into whatever it was decoded from. Only the fields of
/// its kind are written.
struct record {
  record_kind kind = record_kind::started;
  std::uint8_t flags = 0;
  run_number run;
  command_number command;   // the command's number; started: the parent's
  std::int64_t time = 0;    // ms, by the engine's clock
  run_number related;       // child: the child's run; started: the parent's; continued: the next
  std::int64_t number = 0;  // sleep: ms; retry: when; see the kinds
  std::int64_t late = 0;    // ms; step, sleep: emitted so long after its event; retry: see the fold
  std::uint32_t attempt = 0;
  std::uint32_t line = 0;   // in the source
  errc code = errc::usage;  // step_failed, child_failed, failed
  std::uint64_t seed[2] = {0, 0};
  hash_key secret{};  // of its promises' tokens; with flag has_secret only
  // started:
  run_number first;                                     // of its chain of runs; 0: itself
  run_number previous;                                  // the run that it continues, or 0
  std::int64_t begins_at = 0;                           // ms; 0: at once
  std::int64_t run_timeout = 0;                         // ms, from its beginning; 0: none
  std::int64_t execution_deadline = 0;                  // ms, of the whole chain; 0: none
  std::uint32_t payload_limit = payload_bytes_ceiling;  // of payloads that the run makes
  std::string_view name_space;                          // empty: "default"
  std::string_view attributes, memo, details;
  std::string_view version;  // of the workflow; empty: none
  // and others:
  std::string_view name;     // of the step, the workflow, the signal, …; a reason
  std::string_view target;   // the id of a run; of an update; a signal's idempotency key
  std::string_view payload;  // arguments, a result, progress; an error's own
  std::string_view error_type;
  std::string_view error_text;
  std::string_view error_path;  // what it came through, see pack
};

/// What the ids of updates that one run sends to another begin with.
inline constexpr std::string_view call_id_prefix = "stet:";
/// By what a signal or an update is known when it is sent again: its key, its id. Empty: nobody has
/// given it a name, or it is sent once only, from run to run; or the record is another.
inline std::string_view request_key(record_kind k, std::uint8_t flags,
                                    std::string_view target) noexcept {
  if (k == record_kind::signal) return target;
  bool is_asked = k == record_kind::update && !(flags & flag::update::unnamed) &&
                  !target.starts_with(call_id_prefix);
  return is_asked ? target : std::string_view();
}

/// What a failure came through, as bytes, and back. Throws malformed.
std::string pack(const std::vector<failed_operation>& path);
std::vector<failed_operation> unpack_path(std::string_view bytes);
/// The failure that a record tells of.
failure failure_of(const record& r);
/// Tells of it. `path` keeps what the record then refers to, as `f` does.
void set_failure(record& r, const failure& f, std::string& path);

/// Appends the record's bytes, its length first.
void encode(std::string& out, const record& r);
/// Takes one record. Its views point into the source's bytes. Throws malformed.
record decode_record(source& in);

}  // namespace detail
}}  // namespace stet::v0
