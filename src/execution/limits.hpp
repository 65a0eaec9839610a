// The length limits of payloads, names and reasons. Operations are made by templates far from any
// engine, so the limit belongs to the thread: while a run's code is driven it is that run's own
// limit, from its first record. Otherwise a replay could end differently from the run.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::size_t name_bytes_max = 1000;         // of a step, of a run's id
inline constexpr std::size_t reason_bytes_max = 20u << 10;  // of a cancellation, of an end

class payload_limit {
 public:
  /// `limits_names`: names and reasons have limits. A run of a build that had none has none.
  explicit payload_limit(std::size_t bytes_max, bool limits_names = true) noexcept;
  payload_limit(const payload_limit&) = delete;
  payload_limit& operator=(const payload_limit&) = delete;
  ~payload_limit();
  /// The limit of this thread, in bytes.
  static std::size_t now() noexcept;
  /// Whether names and reasons have limits on this thread.
  static bool limits_names() noexcept;

 private:
  std::size_t before_;
  bool limited_names_before_;
};

/// Throws errc::payload if `bytes` is more than `bytes_max`; `what` is named in the error.
void check_payload(std::string_view what, std::string_view operation, std::size_t bytes,
                   std::size_t bytes_max);
/// Throws errc::usage if a name or an id is too long for this thread. `what`: "the name of a step".
void check_name(const char* what, std::string_view name);
/// The same for a reason. `operation` is named in the error: "cancel".
void check_reason(std::string_view operation, std::string_view reason);
/// The reason, or as much of it as the limit of this thread allows. For code that can't throw.
std::string_view cut_reason(std::string_view reason) noexcept;

}  // namespace detail
}}  // namespace stet::v0
