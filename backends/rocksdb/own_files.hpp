// RocksDB's surroundings, with files that are nobody else's.
#pragma once
#include <rocksdb/env.h>
#include <sys/stat.h>

#include <memory>
#include <string>

namespace stet { inline namespace v0 { namespace rocksdb {

namespace native = ::rocksdb;

/// What RocksDB makes has mode 0600, whatever the umask: RocksDB itself asks for 0644. It makes it
/// in a directory of mode 0700, so nobody opens it in between.
class own_files : public native::EnvWrapper {
 public:
  own_files() : EnvWrapper(native::Env::Default()) {}

  native::Status NewWritableFile(const std::string& path, std::unique_ptr<native::WritableFile>* f,
                                 const native::EnvOptions& o) override {
    return owned(EnvWrapper::NewWritableFile(path, f, o), path);
  }
  native::Status ReopenWritableFile(const std::string& path,
                                    std::unique_ptr<native::WritableFile>* f,
                                    const native::EnvOptions& o) override {
    return owned(EnvWrapper::ReopenWritableFile(path, f, o), path);
  }
  native::Status NewRandomRWFile(const std::string& path, std::unique_ptr<native::RandomRWFile>* f,
                                 const native::EnvOptions& o) override {
    return owned(EnvWrapper::NewRandomRWFile(path, f, o), path);
  }
  native::Status LockFile(const std::string& path, native::FileLock** lock) override {
    return owned(EnvWrapper::LockFile(path, lock), path);
  }

 private:
  static native::Status owned(native::Status s, const std::string& path) {
    if (s.ok()) ::chmod(path.c_str(), 0600);
    return s;
  }
};

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
