// Files in memory.
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

  /// Maps `path`, once, which is made with this size if it is missing: only the user of this
  /// process may open it then. Returns false if that can't be had: it is no regular file, has other
  /// names (hard links), or there is no room for each of its bytes. (A write into a hole would end
  /// the process where the disk is full.)
  bool open(const std::string& path, std::size_t bytes) noexcept;
  /// Null if nothing is mapped.
  void* data() const noexcept { return data_; }
  /// Fresh memory takes the place of the file, at the same address. What is written from now on
  /// doesn't reach the file.
  void detach() noexcept;

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Whether this much of the address space can be had in one piece.
bool has_address_space(std::size_t bytes) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
