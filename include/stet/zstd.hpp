// Compression of payloads, with zstd. Link stet-zstd.
#pragma once
#include <cstddef>
#include <memory>

#include <stet/payload.hpp>

namespace stet { inline namespace v0 {

struct zstd_options {
  /// 1 to 19: higher is smaller and slower.
  int level = 3;
  /// Shorter payloads stay as they are, and so do those that don't shrink.
  std::size_t bytes_min = 256;
};

/// Compresses payloads. Name it before encryption: what is encrypted doesn't shrink. The length of
/// what is compressed tells something of its content: where that matters, leave it out.
///
///     stet::engine engine{std::move(store), {.transforms = {stet::zstd()}}};
///
/// Its name is "zstd"; what it makes is one zstd frame that says how long its content is. A frame
/// that says more than the engine's limit is refused before anything is allocated.
///
/// Throws   errc::usage for a level that isn't there.
STET_API std::shared_ptr<payload_transform> zstd(const zstd_options& o = {});

}  // namespace v0
}  // namespace stet
