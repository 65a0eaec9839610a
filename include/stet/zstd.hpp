// Compression of payloads, with zstd. Link stet-zstd.
#pragma once
#include <cstddef>
#include <memory>

#include <stet/payload.hpp>

namespace stet { inline namespace v0 {

/// Options of a compression.
struct zstd_options {
  /// 1 to 19: a higher level gives smaller payloads and takes longer.
  int level = 3;
  /// Shorter payloads are stored as they are, and so are payloads that don't shrink.
  std::size_t bytes_min = 256;
};

/// Makes a transform that compresses payloads. List it before encryption: encrypted bytes don't
/// shrink. The length of a compressed payload tells something of its content: leave the transform
/// out where that matters.
///
///     stet::engine engine{std::move(store), {.transforms = {stet::zstd()}}};
///
/// Its name is "zstd". A sealed payload is one zstd frame that says how long its content is. A
/// frame that says more than the engine's limit is refused before anything is allocated.
///
/// Throws   errc::usage for a level that doesn't exist.
STET_API std::shared_ptr<payload_transform> zstd(const zstd_options& o = {});

}  // namespace v0
}  // namespace stet
