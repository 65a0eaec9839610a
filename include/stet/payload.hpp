// What may stand between values and the store: compression, encryption, or what else you need. The
// engine seals each payload when it records it, and opens it when somebody wants the value.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <stet/config.hpp>
#include <stet/export.hpp>

namespace stet { inline namespace v0 {

/// The most that engine_options::payload_bytes_max may be, in bytes.
inline constexpr unsigned payload_bytes_ceiling = 64u << 20;

/// Where a payload stands: always the same for the same payload, and for no other.
struct payload_place {
  std::string_view name_space;  ///< of the run, or of the table
  /// Bytes that say which payload it is: of a run, by its number and the 128 random bits that it
  /// was born with, the kind of record, and the number of the command or event; or of a table, by
  /// its key. They stay as they are when the store is copied. Authenticate them, and a payload
  /// that somebody moved elsewhere doesn't open.
  std::string_view binding;
};

/// A change that is made to every payload, and undone: derive from it, and name it in
/// engine_options::transforms.
///
/// Thread   one object may serve several engines, so both functions are called from any thread.
class STET_API payload_transform {
 public:
  payload_transform() = default;
  payload_transform(const payload_transform&) = delete;
  payload_transform& operator=(const payload_transform&) = delete;
  virtual ~payload_transform();

  /// Stands with each payload that it has sealed, and finds it again: 1 to 32 bytes, the same for
  /// ever.
  virtual std::string_view name() const noexcept = 0;
  /// What is stored instead of `plain`. Nothing: this one is stored as it is.
  ///
  /// Throws   whatever it likes, if it can't seal now: then nothing was recorded. A call gets
  ///          errc::payload with its text; a step's attempt, a child, a message to another run has
  ///          failed; a run whose own commands can't be sealed stalls, and goes on after a later
  ///          start, or admin::resume. The reason of a stall, of a cancellation or a termination,
  ///          and the text of an error are recorded empty instead, and the listener is told.
  virtual std::optional<std::string> seal(std::string_view plain, const payload_place& where) = 0;
  /// What was sealed. `sealed` may be anything: nobody vouches for what a store holds.
  ///
  /// Throws   something if it isn't what seal() made for this place, or would be longer than
  ///          `bytes_max`. Its text is kept and shown: no byte of a payload belongs in there. The
  ///          run stalls, and goes on when a later start, or admin::resume, finds it to open.
  virtual std::string open(std::string_view sealed, const payload_place& where,
                           std::size_t bytes_max) = 0;
  /// Whether a payload that it hasn't sealed is refused. False: those from before it was in use are
  /// read as well, and so is what somebody else wrote into the store.
  virtual bool is_required() const noexcept { return false; }
};

}  // namespace v0
}  // namespace stet
