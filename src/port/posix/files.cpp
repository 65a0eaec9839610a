#include "port/files.hpp"

#include <unistd.h>

#include "port/posix/system.hpp"

namespace stet { inline namespace v0 { namespace port {
namespace {

/// Returns 0, or errno if the call failed.
int error_of(int result) noexcept { return result == 0 ? 0 : errno; }

int take(int fd, file& f) noexcept {
  if (fd < 0) return errno;
  f = file::own(fd);
  return 0;
}

file_facts facts_of(const struct stat& s) noexcept {
  file_facts facts;
  facts.identity = {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)};
  facts.kind = S_ISREG(s.st_mode)   ? file_kind::regular
               : S_ISDIR(s.st_mode) ? file_kind::directory
               : S_ISLNK(s.st_mode) ? file_kind::link
                                    : file_kind::other;
  facts.bytes = static_cast<std::uint64_t>(s.st_size);
  facts.names = static_cast<std::uint64_t>(s.st_nlink);
  facts.owner = s.st_uid;
  facts.open_to_all = (s.st_mode & S_IWOTH) != 0;
  return facts;
}

#if defined(__APPLE__)
/// On macOS, fsync leaves the data in the device's own memory. Some file systems can do no better.
int flush_all(int fd) noexcept {
  const int error = error_of(::fcntl(fd, F_FULLFSYNC));
  if (error != ENOTSUP && error != EINVAL && error != ENOTTY) return error;
  return error_of(uninterrupted([&] { return ::fsync(fd); }));
}
#else
int flush_all(int fd) noexcept {
  return error_of(uninterrupted([&] { return ::fsync(fd); }));
}
#endif

}  // namespace

void file::close() noexcept {
  if (is_open()) ::close(std::exchange(native_, no_file));
}

int file::look(file_facts& facts) const noexcept {
  struct stat s;
  if (::fstat(native_, &s) != 0) return errno;
  facts = facts_of(s);
  return 0;
}

int file::read_some(std::uint64_t at, char* to, std::size_t bytes,
                    std::size_t& got) const noexcept {
  const auto n = uninterrupted([&] { return ::pread(native_, to, bytes, static_cast<off_t>(at)); });
  if (n < 0) return errno;
  got = static_cast<std::size_t>(n);
  return 0;
}

int file::read(std::uint64_t at, char* to, std::size_t bytes, std::size_t& got) const noexcept {
  for (got = 0; got < bytes;) {
    std::size_t n = 0;
    if (int error = read_some(at + got, to + got, bytes - got, n)) return error;
    if (n == 0) break;
    got += n;
  }
  return 0;
}

int file::write(std::uint64_t at, std::string_view bytes, std::size_t& written) const noexcept {
  for (written = 0; written < bytes.size();) {
    const auto n = uninterrupted([&] {
      return ::pwrite(native_, bytes.data() + written, bytes.size() - written,
                      static_cast<off_t>(at + written));
    });
    if (n <= 0) return n < 0 ? errno : ENOSPC;
    written += static_cast<std::size_t>(n);
  }
  return 0;
}

int file::set_size(std::uint64_t bytes) const noexcept {
  return error_of(::ftruncate(native_, static_cast<off_t>(bytes)));
}

int file::reserve([[maybe_unused]] std::uint64_t bytes) const noexcept {
#if defined(__linux__)
  return error_of(::fallocate(native_, 0, 0, static_cast<off_t>(bytes)));
#else
  return 0;
#endif
}

int file::flush_data() const noexcept {
#if defined(__APPLE__)
  return flush_all(native_);
#else
  return error_of(uninterrupted([&] { return ::fdatasync(native_); }));
#endif
}

int file::flush() const noexcept { return flush_all(native_); }

int open(const std::string& path, file& f) noexcept { return take(open_plain(path, O_RDWR), f); }

int create(const std::string& path, file& f) noexcept {
  if (int error = take(open_plain(path, O_RDWR | O_CREAT | O_EXCL), f)) return error;
  ::fchmod(f.native(), owner_only);
  return 0;
}

int open_or_create(const std::string& path, file& f) noexcept {
  const int error = create(path, f);
  return is_taken(error) ? open(path, f) : error;
}

int open_or_create_directory(const std::string& path, file& f) noexcept {
  if (::mkdir(path.c_str(), owner_only_directory) == 0) {
    ::chmod(path.c_str(), owner_only_directory);
  } else if (!is_taken(errno)) {
    return errno;
  }
  return take(open_plain(path, O_RDONLY | O_DIRECTORY), f);
}

int restrict_to_owner(const std::string& path, file_kind kind) noexcept {
  const auto mode = kind == file_kind::directory ? owner_only_directory : owner_only;
  return error_of(::chmod(path.c_str(), mode));
}

void keep_from_programs(native_file f) noexcept { ::fcntl(f, F_SETFD, FD_CLOEXEC); }

int remove(const std::string& path) noexcept { return error_of(::unlink(path.c_str())); }

int flush_directory(const std::string& directory) noexcept {
  const char* name = directory.empty() ? "." : directory.c_str();
  const int fd = ::open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = flush_all(fd);
  ::close(fd);
  return error == EINVAL ? 0 : error;
}

void take_standard_streams() noexcept {
  int fd;
  do fd = uninterrupted([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); });
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

int look(const std::string& path, file_facts& facts) noexcept {
  struct stat s;
  if (::stat(path.c_str(), &s) != 0) return errno;
  facts = facts_of(s);
  return 0;
}

int look_at_name(const std::string& path, file_facts& facts) noexcept {
  struct stat s;
  if (::lstat(path.c_str(), &s) != 0) return errno;
  facts = facts_of(s);
  return 0;
}

bool is_own(const file_facts& facts) noexcept { return facts.owner == ::geteuid(); }

}  // namespace port
}  // namespace v0
}  // namespace stet
