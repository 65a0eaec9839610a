// How long a payload may be. Operations are made by templates far from any engine, so the limit
// that counts is the thread's: while a run's code is driven, that of the run, as its first record
// says, or a replay could come to something else than the run did.
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
  /// That of this thread, in bytes.
  static std::size_t now() noexcept;

 private:
  std::size_t before_;
};

/// Throws errc::payload if `bytes` are too many for `what`.
void check_payload(std::string_view what, std::string_view operation, std::size_t bytes,
                   std::size_t bytes_max);

}  // namespace detail
}}  // namespace stet::v0
