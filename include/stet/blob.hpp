// Blobs: bytes that are too long for a payload. They are kept beside the history of a run, in
// pieces, and a handle names them.
//
//     auto film = co_await ctx.step("download", [url](stet::step_context& s) {
//       return s.keep(download(url));                       // up to 64 MiB
//     });
//     co_await ctx.step("convert", [film](stet::step_context& s) { convert(s.read(film)); });
#pragma once
#include <cstdint>
#include <limits>

#include <stet/codec.hpp>
#include <stet/export.hpp>

namespace stet { inline namespace v0 {
namespace detail {
struct blob_place {
  std::uint64_t run = 0;
  std::uint32_t command = 0, number = 0;
  bool operator==(const blob_place&) const = default;
};
}  // namespace detail

/// The longest blob, in bytes.
inline constexpr std::uint64_t blob_bytes_max = std::uint64_t{64} << 20;

/// The handle of a blob: a value of a few bytes that travels like any other, in results, arguments
/// and signals. The bytes belong to the run whose step kept them, and are erased with that run: a
/// run that needs them longer reads them and keeps them anew.
class blob {
 public:
  /// Makes the handle of a blob without bytes.
  blob() = default;
  blob(detail::blob_place p, std::uint64_t size) noexcept : place_(p), size_(size) {}
  /// Returns the size of the blob in bytes.
  std::uint64_t size() const noexcept { return size_; }
  const detail::blob_place& place() const noexcept { return place_; }
  bool operator==(const blob&) const = default;

 private:
  detail::blob_place place_;
  std::uint64_t size_ = 0;
};

template <> struct codec<blob> {
  static void encode(writer& out, const blob& b) {
    out.array(4);
    out.natural(b.place().run);
    out.natural(b.place().command);
    out.natural(b.place().number);
    out.natural(b.size());
  }
  static blob decode(reader& in) {
    if (in.array() != 4) in.fail("a blob: an array of four numbers");
    auto run = in.natural(), command = in.natural(), number = in.natural(), size = in.natural();
    constexpr auto max = std::numeric_limits<std::uint32_t>::max();
    if (command > max || number > max || size > blob_bytes_max) in.fail("a blob");
    return {{run, static_cast<std::uint32_t>(command), static_cast<std::uint32_t>(number)}, size};
  }
};

}}  // namespace stet::v0
