// The length limit of payloads. Operations are made by templates far from any engine, so the limit
// belongs to the thread: while a run's code is driven it is that run's own limit, from its first
// record. Otherwise a replay could end differently from the run.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

class payload_limit {
 public:
  explicit payload_limit(std::size_t bytes_max) noexcept;
  payload_limit(const payload_limit&) = delete;
  payload_limit& operator=(const payload_limit&) = delete;
  ~payload_limit();
  /// The limit of this thread, in bytes.
  static std::size_t now() noexcept;

 private:
  std::size_t before_;
};

/// Throws errc::payload if `bytes` is more than `bytes_max`; `what` is named in the error.
void check_payload(std::string_view what, std::string_view operation, std::size_t bytes,
                   std::size_t bytes_max);

}  // namespace detail
}}  // namespace stet::v0
