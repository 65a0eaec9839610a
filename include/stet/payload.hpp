// Transforms of payloads, between values and the store: compression, encryption, or one of your
// own. The engine seals each payload when it records it, and opens it when the value is needed.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <stet/config.hpp>
#include <stet/export.hpp>

namespace stet { inline namespace v0 {

/// The largest value of engine_options::payload_bytes_max, in bytes.
inline constexpr unsigned payload_bytes_ceiling = 64u << 20;

/// The place of a payload: always the same for the same payload, and different for every other.
struct payload_place {
  std::string_view name_space;  ///< of the run, or of the table
  /// Bytes that say which payload it is. For a run: its number, the 128 random bits that it got
  /// when it began, the kind of record, and the number of the command or event. For a table: the
  /// key. They stay as they are when the store is copied. Authenticate them: then a payload that
  /// was moved elsewhere doesn't open.
  std::string_view binding;
};

/// A change that is made to every payload, and undone: derive from it, and list it in
/// engine_options::transforms.
///
/// Thread   any: one object may serve several engines.
class STET_API payload_transform {
 public:
  payload_transform() = default;
  payload_transform(const payload_transform&) = delete;
  payload_transform& operator=(const payload_transform&) = delete;
  virtual ~payload_transform();

  /// Returns the name of the transform: 1 to 32 bytes, the same for ever. It is stored with each
  /// payload that it has sealed, and finds the transform again.
  virtual std::string_view name() const noexcept = 0;
  /// Returns the bytes that are stored instead of `plain`; an empty optional means that this
  /// payload is stored as it is.
  ///
  /// Throws   any exception, if it can't seal now: then nothing was recorded. A call throws
  ///          errc::payload with its text; a step's attempt, a child, or a message to another run
  ///          fails; a run whose own commands can't be sealed is stalled, and goes on after a later
  ///          start, or admin::resume. The reason of a stall, of a cancellation or a termination,
  ///          and the text of an error are recorded empty instead, and the listener gets an event.
  virtual std::optional<std::string> seal(std::string_view plain, const payload_place& where) = 0;
  /// Returns the payload that was sealed. `sealed` may be anything: the content of a store can't be
  /// trusted.
  ///
  /// Throws   any exception, if `sealed` isn't what seal() made for this place, or if the payload
  ///          would be longer than `bytes_max`. The exception's text is kept and shown: no byte of
  ///          a payload belongs into it. The run is stalled, and goes on when a later start, or
  ///          admin::resume, can open the payload.
  virtual std::string open(std::string_view sealed, const payload_place& where,
                           std::size_t bytes_max) = 0;
  /// Returns whether a payload that this transform hasn't sealed is refused. If false, payloads
  /// from before it was in use are read as well, and so are payloads that another program wrote
  /// into the store.
  virtual bool is_required() const noexcept { return false; }
};

}  // namespace v0
}  // namespace stet
