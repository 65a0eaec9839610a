// A file as memory.
#pragma once
#include <cstddef>
#include <string>

namespace stet { inline namespace v0 { namespace port {

/// A small file as memory that outlives the process. It isn't flushed.
class shared_mapping {
 public:
  shared_mapping() = default;
  shared_mapping(const shared_mapping&) = delete;
  shared_mapping& operator=(const shared_mapping&) = delete;
  ~shared_mapping();

  /// Maps `path`; call it once. If the file is missing, makes it with this size, for the user of
  /// this process only. Returns false if it can't be mapped: it is no regular file, it has other
  /// names (hard links), or the disk has no room for each of its bytes. (On a full disk, a write
  /// into a hole would end the process.)
  bool open(const std::string& path, std::size_t bytes) noexcept;
  /// Null if nothing is mapped.
  void* data() const noexcept { return data_; }
  /// Replaces the file with fresh memory at the same address. Later writes to it don't reach the
  /// file.
  void detach() noexcept;

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Returns true if this much of the address space is free in one piece.
bool has_address_space(std::size_t bytes) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
