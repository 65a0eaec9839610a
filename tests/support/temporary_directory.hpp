// A directory that a test may fill. It is removed with the object.
#pragma once
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace stet_tests {

class temporary_directory {
 public:
  explicit temporary_directory(
      const std::filesystem::path& place = std::filesystem::temp_directory_path())
      : owner_(::getpid()) {
    std::string name = (place / "stet-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("can't make " + name);
    path_ = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    if (::getpid() != owner_) return;  // a forked child doesn't remove it
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  pid_t owner_;
  std::string path_;
};

}  // namespace stet_tests
