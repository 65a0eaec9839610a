// The place of the benchmark's files, and the stores that are opened there.
#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include <stet/memory.hpp>
#include <stet/store.hpp>

namespace bench {

/// The writes to a store: counted as the engine commits, read while it rests.
struct traffic {
  std::size_t commits = 0;
  std::size_t bytes = 0;          // of keys and values
  std::size_t journal_bytes = 0;  // of these, in blocks of the journal
};

/// A folder that is created, and removed with everything in it. It also holds the content of a
/// store in memory.
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
/// Life     `count`, if given, must outlive the store.
std::unique_ptr<stet::store> open_store(const std::string& name, const folder& where,
                                        traffic* count = nullptr);
/// Opens a store by the path of a folder, for a process that didn't create the folder. It opens no
/// store in memory.
std::unique_ptr<stet::store> open_store_at(const std::string& name, const std::string& path);

/// Returns the kind of file system that `dir` is on, by the kernel's name: "ext4".
std::string file_system_of(const std::string& dir);
/// Returns the other load of the machine: processes that waited for a processor or the disk over
/// the last minute.
std::string load_of_machine();
/// Returns the folder beside the program.
std::string default_dir();

}  // namespace bench
