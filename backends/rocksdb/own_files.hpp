// RocksDB's environment (its access to the system), with files that only one store uses.
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

/// The state that the files of a store share. Thread: any.
struct files_state {
  std::atomic<bool> is_over{false};      // nothing is written any more
  std::atomic<bool> is_log_full{false};  // the log had no room for a record
};

/// A file that refuses writes once its store has ended, or once a write to it has failed: RocksDB
/// would write the failed bytes again together with later ones, although the commit was refused.
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
  /// RocksDB understands only one of the system's error numbers for "no room", so all of them
  /// become that one.
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

/// RocksDB's files get mode 0600, whatever the umask: RocksDB itself asks for 0644. Each file is
/// made in a directory of mode 0700, so no other user can open it before its mode is set.
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

  /// From now on nothing is written. If memory ran out in the middle of a write, RocksDB doesn't
  /// know how much it has written, and would write a record of the log twice when it closes its
  /// files.
  void end() noexcept { state_.is_over = true; }
  /// Returns true if the log had no room for a record: it ends in the middle of that record.
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
