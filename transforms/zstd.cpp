#include <stet/zstd.hpp>

#include <zstd.h>

#include <new>
#include <stdexcept>

#include <stet/error.hpp>

namespace stet { inline namespace v0 {
namespace {

// Contexts are kept for each thread: making one costs more than compressing a short payload.
struct free_context {
  void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
  void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
};
template <class C> C* of_this_thread(C* (*make)()) {
  thread_local std::unique_ptr<C, free_context> kept;
  if (!kept) kept.reset(make());
  if (!kept) throw std::bad_alloc();
  return kept.get();
}

class compression final : public payload_transform {
 public:
  explicit compression(const zstd_options& o) : options_(o) {
    if (o.level < 1 || o.level > level_max)
      throw error(
          errc::usage, "zstd",
          "the level is 1 to " + std::to_string(level_max) + ", not " + std::to_string(o.level));
  }
  std::string_view name() const noexcept override { return "zstd"; }

  std::optional<std::string> seal(std::string_view plain, const payload_place&) override {
    if (plain.size() < options_.bytes_min) return std::nullopt;
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    auto n = ZSTD_compressCCtx(of_this_thread(ZSTD_createCCtx), out.data(), out.size(),
                               plain.data(), plain.size(), options_.level);
    if (ZSTD_isError(n) || n + header_bytes >= plain.size()) return std::nullopt;
    out.resize(n);
    out.shrink_to_fit();  // it may stay in memory for long
    return out;
  }

  std::string open(std::string_view sealed, const payload_place&, std::size_t bytes_max) override {
    auto size = ZSTD_getFrameContentSize(sealed.data(), sealed.size());
    if (size == ZSTD_CONTENTSIZE_ERROR) throw std::runtime_error("it is no zstd frame");
    if (size == ZSTD_CONTENTSIZE_UNKNOWN)
      throw std::runtime_error("its zstd frame doesn't say how long it is");
    if (size > bytes_max)
      throw std::runtime_error("its zstd frame says that it has " + std::to_string(size) +
                               " bytes, and at most " + std::to_string(bytes_max) +
                               " are possible");
    std::string out(static_cast<std::size_t>(size), '\0');
    auto n = ZSTD_decompressDCtx(of_this_thread(ZSTD_createDCtx), out.data(), out.size(),
                                 sealed.data(), sealed.size());
    if (ZSTD_isError(n))
      throw std::runtime_error(std::string("its zstd frame is damaged: ") + ZSTD_getErrorName(n));
    if (n != out.size()) throw std::runtime_error("its zstd frame is shorter than it says");
    return out;
  }

 private:
  static constexpr int level_max = 19;            // above it, a reader needs much memory
  static constexpr std::size_t header_bytes = 6;  // the bytes that Stet puts in front of it

  zstd_options options_;
};

}  // namespace

std::shared_ptr<payload_transform> zstd(const zstd_options& o) {
  return std::make_shared<compression>(o);
}

}}  // namespace stet::v0
