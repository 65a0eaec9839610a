// RocksDB's surroundings, with files that are nobody else's.
#pragma once
#include <rocksdb/env.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "backends/common/no_room.hpp"
#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {

namespace native = ::rocksdb;

/// What the files of a store have in common. Thread: any.
struct files_state {
  std::atomic<bool> is_over{false};      // nothing is written any more
  std::atomic<bool> is_log_full{false};  // a record of the log found no room
};

/// A file that takes nothing any more once its store has ended, or once it has failed: RocksDB
/// would write what failed again, with what comes later, and nobody expects it there any more.
class own_file final : public native::WritableFileWrapper {
 public:
  own_file(std::unique_ptr<native::WritableFile> file, files_state& state, bool is_log)
      : WritableFileWrapper(file.get()), file_(std::move(file)), state_(state), is_log_(is_log) {}

  native::Status Append(const native::Slice& data) override {
    return write([&] { return file_->Append(data); });
  }
  native::Status Append(const native::Slice& data,
                        const native::DataVerificationInfo& info) override {
    return write([&] { return file_->Append(data, info); });
  }
  native::Status PositionedAppend(const native::Slice& data, std::uint64_t offset) override {
    return write([&] { return file_->PositionedAppend(data, offset); });
  }
  native::Status PositionedAppend(const native::Slice& data, std::uint64_t offset,
                                  const native::DataVerificationInfo& info) override {
    return write([&] { return file_->PositionedAppend(data, offset, info); });
  }

 private:
  /// RocksDB knows one number of the system's for "no room" only: here all of them are that one.
  template <class F> native::Status write(F&& f) {
    if (state_.is_over || has_failed_) return native::Status::IOError();
    errno = 0;
    native::Status s = f();
    if (s.ok()) return s;
    has_failed_ = true;
    if (!backend::is_no_room(errno)) return s;
    if (is_log_) state_.is_log_full = true;
    return native::Status::NoSpace(s.ToString());
  }

  const std::unique_ptr<native::WritableFile> file_;
  files_state& state_;
  const bool is_log_;
  std::atomic<bool> has_failed_{false};
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
  void end() noexcept { state_.is_over = true; }
  /// True if the log had no room for a record: it ends in the midst of that.
  bool is_log_full() const noexcept { return state_.is_log_full; }

 private:
  native::Status watched(native::Status s, const std::string& path,
                         std::unique_ptr<native::WritableFile>& f) {
    const bool is_log = std::string_view(path).ends_with(".log");
    if (s.ok()) f = std::make_unique<own_file>(std::move(f), state_, is_log);
    return owned(std::move(s), path);
  }
  static native::Status owned(native::Status s, const std::string& path) {
    if (s.ok()) port::restrict_to_owner(path, port::file_kind::regular);
    return s;
  }

  files_state state_;
};

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
