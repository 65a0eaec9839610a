// Memory that is handed out piece by piece and taken back all at once.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace stet { inline namespace v0 { namespace backend {

/// Keeps its memory for the next round, so that filling and emptying it over and over needs no
/// memory from the system. Pieces that are given back one by one are not used again before clear().
/// Thread: one at a time.
class arena final : public std::pmr::memory_resource {
 public:
  /// Returns a copy of `text` that lies in the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* to = static_cast<char*>(allocate(text.size(), 1));
    std::copy(text.begin(), text.end(), to);
    return {to, text.size()};
  }
  /// Takes everything back.
  void clear() noexcept {
    current_ = used_ = 0;
    total_ = 0;
  }
  /// The bytes that were handed out since the last clear().
  std::size_t bytes() const noexcept { return total_; }

 private:
  static constexpr std::size_t kSlabBytes = 256 << 10;
  struct slab {
    std::unique_ptr<std::byte[]> memory;
    std::size_t bytes;
  };

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    for (;; ++current_, used_ = 0) {
      if (current_ == slabs_.size()) add_slab(bytes + alignment);
      auto& s = slabs_[current_];
      void* at = s.memory.get() + used_;
      std::size_t left = s.bytes - used_;
      if (!std::align(alignment, bytes, at, left)) continue;
      used_ = s.bytes - left + bytes;
      total_ += bytes;
      return at;
    }
  }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  void add_slab(std::size_t bytes_min) {
    auto bytes = std::max(kSlabBytes, bytes_min);
    slabs_.push_back({std::unique_ptr<std::byte[]>(new std::byte[bytes]), bytes});
  }

  std::vector<slab> slabs_;
  std::size_t current_ = 0, used_ = 0;  // used_: bytes of the current slab
  std::size_t total_ = 0;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
