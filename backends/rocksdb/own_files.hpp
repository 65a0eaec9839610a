// RocksDB's surroundings, with files that are nobody else's.
#pragma once
#include <rocksdb/env.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace stet { inline namespace v0 { namespace rocksdb {

namespace native = ::rocksdb;

/// A file that takes nothing any more once its store has ended.
class own_file final : public native::WritableFileWrapper {
 public:
  own_file(std::unique_ptr<native::WritableFile> file, const std::atomic<bool>& is_over)
      : WritableFileWrapper(file.get()), file_(std::move(file)), is_over_(is_over) {}

  native::Status Append(const native::Slice& data) override {
    return is_over_ ? native::Status::IOError() : file_->Append(data);
  }
  native::Status Append(const native::Slice& data,
                        const native::DataVerificationInfo& info) override {
    return is_over_ ? native::Status::IOError() : file_->Append(data, info);
  }
  native::Status PositionedAppend(const native::Slice& data, std::uint64_t offset) override {
    return is_over_ ? native::Status::IOError() : file_->PositionedAppend(data, offset);
  }
  native::Status PositionedAppend(const native::Slice& data, std::uint64_t offset,
                                  const native::DataVerificationInfo& info) override {
    return is_over_ ? native::Status::IOError() : file_->PositionedAppend(data, offset, info);
  }

 private:
  const std::unique_ptr<native::WritableFile> file_;
  const std::atomic<bool>& is_over_;
};

/// What RocksDB makes has mode 0600, whatever the umask: RocksDB itself asks for 0644. It makes it
/// in a directory of mode 0700, so nobody opens it in between.
class own_files : public native::EnvWrapper {
 public:
  own_files() : EnvWrapper(native::Env::Default()) {}

  native::Status NewWritableFile(const std::string& path, std::unique_ptr<native::WritableFile>* f,
                                 const native::EnvOptions& o) override {
    return watched(EnvWrapper::NewWritableFile(path, f, o), path, *f);
  }
  native::Status ReopenWritableFile(const std::string& path,
                                    std::unique_ptr<native::WritableFile>* f,
                                    const native::EnvOptions& o) override {
    return watched(EnvWrapper::ReopenWritableFile(path, f, o), path, *f);
  }
  native::Status NewRandomRWFile(const std::string& path, std::unique_ptr<native::RandomRWFile>* f,
                                 const native::EnvOptions& o) override {
    return owned(EnvWrapper::NewRandomRWFile(path, f, o), path);
  }
  native::Status LockFile(const std::string& path, native::FileLock** lock) override {
    return owned(EnvWrapper::LockFile(path, lock), path);
  }

  /// Nothing is written any more. Where memory ran out in the middle of a write, RocksDB doesn't
  /// know how far it came, and would write a record of the log twice when it closes its files.
  void end() noexcept { is_over_ = true; }

 private:
  native::Status watched(native::Status s, const std::string& path,
                         std::unique_ptr<native::WritableFile>& f) {
    if (s.ok()) f = std::make_unique<own_file>(std::move(f), is_over_);
    return owned(std::move(s), path);
  }
  static native::Status owned(native::Status s, const std::string& path) {
    if (s.ok()) ::chmod(path.c_str(), 0600);
    return s;
  }

  std::atomic<bool> is_over_{false};
};

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
