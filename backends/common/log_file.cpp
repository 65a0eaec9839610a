#include "log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

#include "log_record.hpp"
#include "no_room.hpp"

namespace stet { inline namespace v0 { namespace backend {
namespace {

constexpr mode_t kOwnerOnly = 0600;
// Written in large pieces the file lies in the page cache in large ones, and commits into it cost
// the kernel a third less. (In /proc/self/io each counts as a whole piece; not on the device.)
constexpr std::size_t kChunkBytes = 256u << 10;

int open_plain(const std::string& path, int flags) noexcept {
  int fd;
  do fd = ::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/// 0 or errno.
int flush_data(int fd) noexcept {
#if defined(__APPLE__)
  return ::fcntl(fd, F_FULLFSYNC) == 0 ? 0 : errno;
#else
  int r;
  do r = ::fdatasync(fd);
  while (r != 0 && errno == EINTR);
  return r == 0 ? 0 : errno;
#endif
}

std::uint64_t new_id() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

log_file::log_file(std::string_view scheme, const std::string& path, int fd)
    : scheme_(scheme), path_(path), fd_(fd), position_(log_header_bytes) {}

log_file::~log_file() {
  if (fd_ >= 0) ::close(fd_);
}

void log_file::fail(std::string_view operation, std::string_view what, int native,
                    commit_outcome outcome) const {
  std::string text(what);
  if (native != 0) text += ": " + std::generic_category().message(native);
  if (native == ELOOP) text += "; it is a symbolic link, and none is followed here: remove it";
  throw store_error(honest(is_no_room(native) ? errc::full : errc::store, outcome),
                    scheme_ + " " + std::string(operation), path_, native, text, outcome);
}

std::unique_ptr<log_file> log_file::create(std::string_view scheme, const std::string& path,
                                           std::uint64_t bytes) {
  const std::uint64_t id = new_id();
  int fd = open_plain(path, O_RDWR | O_CREAT | O_EXCL);
  int native = fd < 0 ? errno : 0;
  std::unique_ptr<log_file> made(new log_file(scheme, path, fd));
  if (fd < 0) made->fail("commit", "can't make the log", native, commit_outcome::refused);
  ::fchmod(fd, kOwnerOnly);
  made->id_ = id;
  try {
    native = made->fill(encode_log_header(made->id_), bytes);
  } catch (...) {
    made->remove();
    throw;
  }
  if (native == 0) return made;
  made->remove();
  made->fail("commit", "can't make the log", native, commit_outcome::refused);
}

// The header last: a file without one was never in use.
int log_file::fill(std::string_view header, std::uint64_t bytes) {
  size_ = log_header_bytes + to_log_units(static_cast<std::size_t>(bytes));
#if defined(__linux__)
  // One piece of the disk, if there is one; and an early end if there isn't so much.
  if (::fallocate(fd_, 0, 0, static_cast<off_t>(size_)) != 0 && is_no_room(errno)) return errno;
#endif
  static char zeros[kChunkBytes];
  int native = 0;
  std::size_t written = 0;
  for (std::size_t at = 0; at < size_ && native == 0; at += kChunkBytes) {
    native = write({zeros, std::min(kChunkBytes, size_ - at)}, at, written);
  }
  if (native == 0) native = write(header, 0, written);
  if (native == 0 && ::fsync(fd_) != 0) native = errno;
  return native != 0 ? native : flush_directory();
}

int log_file::flush_directory() const {
  std::string directory = path_.substr(0, path_.rfind('/') + 1);
  int fd = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  int native = ::fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
  ::close(fd);
  return native;
}

std::unique_ptr<log_file> log_file::open(std::string_view scheme, const std::string& path) {
  int fd = open_plain(path, O_RDWR);
  int native = fd < 0 ? errno : 0;
  if (native == ENOENT) return nullptr;
  std::unique_ptr<log_file> found(new log_file(scheme, path, fd));
  if (fd < 0) found->fail("open", "can't open the log", native, commit_outcome::refused);
  struct stat s;
  if (::fstat(fd, &s) != 0) found->fail("open", "can't stat", errno, commit_outcome::refused);
  if (!S_ISREG(s.st_mode)) {
    found->fail("open", "it is no regular file", EINVAL, commit_outcome::refused);
  }
  found->size_ = static_cast<std::size_t>(s.st_size);
  return found;
}

std::string log_file::read() {
  std::string all(size_, '\0');
  if (read_into(all) < 0) fail("open", "can't read the log", errno, commit_outcome::refused);
  id_ = decode_log_header(all).value_or(0);
  return all;
}

/// From its start: how many bytes there were, or -1 and errno.
ssize_t log_file::read_into(std::string& all) noexcept {
  std::size_t done = 0;
  while (done < all.size()) {
    ssize_t n = ::pread(fd_, all.data() + done, all.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

/// 0 or errno.
int log_file::write(std::string_view bytes, std::size_t at, std::size_t& written) noexcept {
  for (written = 0; written < bytes.size();) {
    ssize_t n = ::pwrite(fd_, bytes.data() + written, bytes.size() - written,
                         static_cast<off_t>(at + written));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : ENOSPC;
    written += static_cast<std::size_t>(n);
  }
  return 0;
}

bool log_file::has_room(std::size_t record_bytes) const noexcept {
  return position_ <= size_ && record_bytes <= size_ - position_;
}

void log_file::append(std::string_view record) {
  std::size_t written = 0;
  int native = write(record, position_, written);
  if (native != 0) {
    bool refused = is_no_room(native);
    // What is missing may be there by chance, left by others or as zeros: end the record's life.
    std::size_t ignored = 0;
    static const std::string no_header(log_unit_bytes, '\0');
    auto wipe = std::string_view(no_header).substr(0, std::min(written, no_header.size()));
    if (refused && write(wipe, position_, ignored) != 0) refused = false;
    fail("commit", "can't write the log", native,
         refused ? commit_outcome::refused : commit_outcome::unknown);
  }
  position_ += to_log_units(record.size());
}

void log_file::flush() {
  if (int native = flush_data(fd_)) {
    fail("commit", "can't flush the log", native, commit_outcome::unknown);
  }
}

void log_file::restart() noexcept { position_ = log_header_bytes; }

void log_file::keep(const std::string& log, std::size_t end) {
  std::string all = log;
  if (all.size() < end) all.resize(end);  // cut in what fills up the last record
  std::fill(all.begin() + static_cast<std::ptrdiff_t>(end), all.end(), '\0');
  std::size_t written = 0;
  int native = write(all, 0, written);
  if (native == 0) native = flush_data(fd_);
  if (native != 0) fail("open", "can't rewrite the log", native, commit_outcome::refused);
  position_ = end;
}

bool log_file::is_in_place() const noexcept {
  struct stat there, here;
  if (::stat(path_.c_str(), &there) != 0) {
    // The path can't be walked any more (permissions were dropped): the file itself must do.
    return errno != ENOENT && errno != ENOTDIR && ::fstat(fd_, &here) == 0 && here.st_nlink > 0;
  }
  return ::fstat(fd_, &here) == 0 && there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

void log_file::put_back() {
  std::string all(position_, '\0');
  const bool is_whole = read_into(all) == static_cast<ssize_t>(all.size());
  if (!is_whole)
    fail("commit", "can't read the log that was removed", EIO, commit_outcome::refused);
  auto again = create(scheme_, path_, size_ - log_header_bytes);
  std::size_t written = 0;
  int native = again->write(all, 0, written);
  if (native == 0) native = flush_data(again->fd_);
  if (native != 0) {
    again->remove();
    fail("commit", "can't write the log again that was removed", native, commit_outcome::refused);
  }
  std::swap(fd_, again->fd_);
}

void log_file::remove() noexcept {
  if (is_in_place()) ::unlink(path_.c_str());
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
