// Where the benchmark's files are, and the stores it opens there.
#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include <stet/memory.hpp>
#include <stet/store.hpp>

namespace bench {

/// What the engine handed to its store. Counted as it commits; read when it rests.
struct traffic {
  std::size_t commits = 0;
  std::size_t bytes = 0;          // of keys and values
  std::size_t journal_bytes = 0;  // of those, of blocks
};

/// A folder that is made, and removed with all that is in it; a store in memory in it lives as
/// long.
class folder {
 public:
  explicit folder(const std::string& inside);
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder();
  const std::string& path() const noexcept { return path_; }
  const std::shared_ptr<stet::memory::contents>& memory() const noexcept { return memory_; }

 private:
  std::string path_;
  std::shared_ptr<stet::memory::contents> memory_ = stet::memory::make_contents();
};

/// Opens a store by its name ("memory", "lmdb", "rocksdb", "sqlite"), its files in `where`.
/// Life     `count`, if given, outlives the store.
std::unique_ptr<stet::store> open_store(const std::string& name, const folder& where,
                                        traffic* count = nullptr);
/// The same by the folder's path, for a process that found the folder there: no store in memory.
std::unique_ptr<stet::store> open_store_at(const std::string& name, const std::string& path);

/// The kind of file system that `dir` is on, as the kernel calls it: "ext4".
std::string file_system_of(const std::string& dir);
/// What else the machine does: processes that want a processor or the disk, over the last minute.
std::string load_of_machine();
/// The folder beside the program.
std::string default_dir();

}  // namespace bench
