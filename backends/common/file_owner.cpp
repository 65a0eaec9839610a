#include "file_owner.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "no_room.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// The owners of this process, as a list that a fork handler can walk without allocating.
struct owners {
  port::mutex mutex;
  file_owner* first STET_GUARDED_BY(mutex) = nullptr;
  // Those of ancestors, as they were when this process was forked.
  file_owner* inherited STET_GUARDED_BY(mutex) = nullptr;
  // Rises in every forked child: an owner of an earlier generation belongs to an ancestor.
  std::atomic<unsigned> generation{0};

  /// Never destroyed: stores may be closed by destructors of static objects.
  static owners& all() {
    static owners& one = *new owners;
    static const int registered = pthread_atfork(before_fork, in_parent, in_child);
    if (registered != 0) throw std::bad_alloc();
    return one;
  }

  static file_owner* find(file_owner* list, const file_owner::identity& id) noexcept {
    for (file_owner* o = list; o != nullptr; o = o->next_) {
      if (o->identity_.device == id.device && o->identity_.inode == id.inode) return o;
    }
    return nullptr;
  }

  void add(file_owner* o) noexcept STET_REQUIRES(mutex) {
    o->next_ = first;
    if (first != nullptr) first->previous_ = o;
    first = o;
  }

  static void remove(file_owner*& list, file_owner* o) noexcept {
    if (o->next_ != nullptr) o->next_->previous_ = o->previous_;
    (o->previous_ != nullptr ? o->previous_->next_ : list) = o->next_;
  }

 private:
  static void before_fork() STET_ACQUIRE(all().mutex) { all().mutex.lock(); }
  static void in_parent() STET_RELEASE(all().mutex) { all().mutex.unlock(); }
  // flock belongs to the open file, which the child shares: its copies would keep the lock alive
  // after the parent's death.
  static void in_child() STET_RELEASE(all().mutex) {
    all().release_all();
    all().mutex.unlock();
  }
  void release_all() STET_REQUIRES(mutex) {
    generation.fetch_add(1, std::memory_order_relaxed);
    while (file_owner* i = first) {
      i->release();
      remove(first, i);
      i->next_ = inherited;
      i->previous_ = nullptr;
      if (inherited != nullptr) inherited->previous_ = i;
      inherited = i;
    }
  }
};

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOwnerOnlyDirectory = 0700;
constexpr std::string_view kCreated = "created";

std::string text_of(int native) { return std::generic_category().message(native); }

/// open(2), never through a symbolic link at the end, never inherited by exec, again after EINTR.
int open_plain(const std::string& path, int flags) noexcept {
  int fd;
  do fd = ::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/// A host may have closed its standard streams: what it prints then goes to whoever has got their
/// numbers. From now on that is nobody.
void take_standard_streams() noexcept {
  int fd;
  do fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

/// Creates with mode 0600, whatever the umask. -1 and errno else.
int create(const std::string& path) noexcept {
  int fd = open_plain(path, O_RDWR | O_CREAT | O_EXCL);
  if (fd >= 0) ::fchmod(fd, kOwnerOnly);
  return fd;
}

int open_or_create(const std::string& path) noexcept {
  int fd = create(path);
  return fd >= 0 || errno != EEXIST ? fd : open_plain(path, O_RDWR);
}

/// The same for a directory, with mode 0700.
int open_or_create_directory(const std::string& path) noexcept {
  if (::mkdir(path.c_str(), kOwnerOnlyDirectory) == 0) {
    ::chmod(path.c_str(), kOwnerOnlyDirectory);
  } else if (errno != EEXIST) {
    return -1;
  }
  return open_plain(path, O_RDONLY | O_DIRECTORY);
}

bool is_empty_directory(const std::string& path) {
  std::unique_ptr<DIR, decltype(&::closedir)> entries(::opendir(path.c_str()), &::closedir);
  while (const dirent* e = entries ? ::readdir(entries.get()) : nullptr) {
    std::string_view name = e->d_name;
    if (name != "." && name != "..") return false;
  }
  return entries != nullptr;
}

/// Whether everybody may write there, as in /tmp.
bool is_open_to_all(const std::string& directory) noexcept {
  struct stat s;
  return ::stat(directory.c_str(), &s) == 0 && (s.st_mode & S_IWOTH) != 0;
}

/// realpath(3), or empty and errno.
std::string real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  return real ? real.get() : std::string();
}

std::string read_all(int fd) {
  char text[64];
  ssize_t n = ::pread(fd, text, sizeof text, 0);
  return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
}

/// False if somebody else holds it; -1 as errno for nothing else.
bool lock_exclusively(int fd, int& native) noexcept {
  int r;
  do r = ::flock(fd, LOCK_EX | LOCK_NB);
  while (r != 0 && errno == EINTR);
  native = r == 0 ? 0 : errno;
  return r == 0;
}

}  // namespace

file_owner::file_owner(std::string_view scheme, const std::string& path, lock_data lock, kind what)
    : operation_(std::string(scheme) + " open"), path_(path), kind_(what) {
  if (kind_ == kind::directory) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  }
  take_standard_streams();
  resolve(std::string(path_));
  check_not_planted();
  owners& all = owners::all();
  port::lock_guard guard(all.mutex);
  generation_ = all.generation.load(std::memory_order_relaxed);
  try {
    // By stat, since merely closing another descriptor of it would drop a database's locks.
    struct stat there;
    if (::stat(path_.c_str(), &there) == 0) {
      if (auto* holder = all.find(all.first, {there.st_dev, there.st_ino})) {
        fail_owned_here(*holder);
      }
    }
    take_name();
    open_data(lock);
    take_data(lock);
    if (lock == lock_data::no && all.find(all.inherited, identity_) != nullptr) {
      fail(errc::conflict, 0,
           "it was open when this process was forked, and its locks can't be told from those of "
           "that time; open it in a program that is executed anew");
    }
    write_note();
  } catch (...) {
    release();
    throw;
  }
  all.add(this);
}

file_owner::~file_owner() {
  owners& all = owners::all();
  port::lock_guard guard(all.mutex);
  all.remove(is_foreign() ? all.inherited : all.first, this);
  release();
}

void file_owner::release() noexcept {
  for (int* fd : {&data_, &note_}) {
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

void file_owner::fail(errc code, int native, std::string_view text) const {
  throw store_error(code, operation_, path_, native, text, commit_outcome::refused);
}

void file_owner::fail_system(std::string_view what, const std::string& file, int native) const {
  std::string text(what);
  if (file != path_) text += " " + file;
  text += ": " + text_of(native);
  if (native == ELOOP) text += "; it is a symbolic link, and none is followed here: remove it";
  if (native == EACCES || native == EROFS) text += "; file and directory must be writable";
  fail(is_no_room(native) ? errc::full : errc::store, native, text);
}

void file_owner::fail_owned_here(const file_owner& holder) const {
  fail(errc::conflict, 0,
       holder.path_ == path_ ? "it is open in this process already; close it first"
                             : "it is open in this process already, as " + holder.path_);
}

void file_owner::resolve(const std::string& path) {
  const std::string last = path.substr(path.rfind('/') + 1);
  if (last.empty() || last == "." || last == ".." || path.find('\0') != std::string::npos) {
    fail(errc::usage, 0,
         kind_ == kind::file ? "this is no name of a file" : "this is no name of a directory");
  }
  struct stat s;
  if (::lstat(path.c_str(), &s) == 0 && S_ISLNK(s.st_mode)) {
    auto slash = path.rfind('/');
    if (s.st_uid != ::geteuid() &&
        is_open_to_all(slash == path.npos ? "." : path.substr(0, slash + 1)))
      fail(errc::store, 0,
           "it is a symbolic link that somebody else put into a directory where everybody may "
           "write; none such is followed: name the file itself");
    path_ = real_path(path);
    if (!path_.empty()) return;
    int native = errno;
    path_ = path;
    fail(errc::store, native, "it is a symbolic link to nothing; nothing is created through one");
  }
  auto slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  std::string real = real_path(directory);
  if (real.empty()) fail_system("its directory", directory, errno);
  if (real.back() != '/') real += '/';
  path_ = real + path.substr(slash == std::string::npos ? 0 : slash + 1);
}

/// Where everybody may write, what somebody else put there is not taken for ours.
void file_owner::check_not_planted() const {
  const auto directory = path_.substr(0, path_.rfind('/') + 1);
  if (!is_open_to_all(directory)) return;
  for (const char* end : {"", ".owner", ".slots", "-lock", "-log", "-wal", "-shm", "-journal"}) {
    const std::string name = path_ + end;
    struct stat s;
    if (::lstat(name.c_str(), &s) != 0 || s.st_uid == ::geteuid()) continue;
    fail(errc::store, 0,
         name + " belongs to somebody else (user " + std::to_string(s.st_uid) +
             "), in a directory where everybody may write; keep the store in a directory of its "
             "own, or make that one's mode 0700");
  }
}

void file_owner::check_kind(mode_t mode) const {
  if (kind_ == kind::directory) {
    if (!S_ISDIR(mode)) fail(errc::store, ENOTDIR, "it is no directory; name one");
  } else if (!S_ISREG(mode)) {
    fail(errc::store, S_ISDIR(mode) ? EISDIR : EINVAL,
         S_ISDIR(mode) ? "it is a directory; name a file" : "it is no regular file");
  }
}

void file_owner::take_name() {
  std::string name = path_ + ".owner";
  struct stat there;
  if (::stat(path_.c_str(), &there) == 0) check_kind(there.st_mode);
  note_ = open_or_create(name);
  if (note_ < 0) fail_system("can't open", name, errno);
  int native = 0;
  if (!lock_exclusively(note_, native)) {
    if (native != EWOULDBLOCK) fail_system("can't lock", name, native);
    std::string note = read_all(note_);
    std::string pid = note.substr(0, note.find(' '));
    fail(errc::conflict, 0,
         "it is in use by " + (pid.empty() ? "another process" : "process " + pid) +
             "; only one engine may have it open");
  }
  created_ = read_all(note_).find(kCreated) != std::string::npos;
}

void file_owner::open_data(lock_data lock) {
  if (created_) check_not_vanished();
  if (kind_ == kind::directory) {
    data_ = open_or_create_directory(path_);
  } else {
    data_ = lock == lock_data::yes ? open_or_create(path_) : create(path_);
    if (data_ < 0 && lock == lock_data::no && errno == EEXIST) return;
  }
  if (data_ < 0) fail_system("can't open", path_, errno);
}

void file_owner::check_not_vanished() const {
  struct stat s;
  bool missing = ::stat(path_.c_str(), &s) != 0 && errno == ENOENT;
  bool empty = !missing && (kind_ == kind::file ? s.st_size == 0 : is_empty_directory(path_));
  if (!missing && !empty) return;
  fail(errc::corrupt, 0,
       std::string(noun()) + (missing ? " is gone" : " is empty") + ", but " + path_ +
           ".owner says that a store was here: restore it, or remove that note as well to begin "
           "afresh");
}

void file_owner::take_data(lock_data lock) {
  struct stat s;
  int failed = data_ >= 0 ? ::fstat(data_, &s) : ::stat(path_.c_str(), &s);
  if (failed != 0) fail_system("can't stat", path_, errno);
  check_kind(s.st_mode);
  identity_ = {s.st_dev, s.st_ino};
  if (lock == lock_data::no) {
    if (s.st_nlink <= 1) return;
    fail(errc::store, 0,
         "it has " + std::to_string(s.st_nlink) +
             " names (hard links), and what it needs beside it is found by one of them only: "
             "remove the others, or open a copy");
  }
  int native = 0;
  if (lock_exclusively(data_, native)) return;
  if (native != EWOULDBLOCK) fail_system("can't lock", path_, native);
  fail(errc::conflict, 0,
       "another process has it open, under another name, or its note " + path_ +
           ".owner was removed; only one engine may have it open");
}

// Best effort: on a full disk the locks hold all the same, only the pid is missing.
void file_owner::write_note() {
  char pid[16];
  auto end = std::to_chars(pid, pid + sizeof pid, ::getpid()).ptr;
  std::string note(pid, end);
  note += ' ';
  if (created_) note += kCreated;
  note += '\n';
  ssize_t n = ::pwrite(note_, note.data(), note.size(), 0);
  if (n == static_cast<ssize_t>(note.size()) && ::ftruncate(note_, n) != 0) return;
}

unsigned fork_generation() { return owners::all().generation.load(std::memory_order_relaxed); }

bool file_owner::is_foreign() const noexcept { return fork_generation() != generation_; }

bool file_owner::is_in_place() const noexcept {
  struct stat s;
  if (::stat(path_.c_str(), &s) == 0) {
    return s.st_dev == identity_.device && s.st_ino == identity_.inode;
  }
  if (errno == ENOENT || errno == ENOTDIR) return false;
  // The path can't be walked any more (permissions were dropped): the file itself must do.
  return data_ < 0 || (::fstat(data_, &s) == 0 && s.st_nlink > 0);
}

void file_owner::create_side_file(std::string_view suffix) const {
  std::string name = path_ + std::string(suffix);
  int fd = open_or_create(name);
  if (fd < 0) fail_system("can't open", name, errno);
  ::close(fd);
}

void file_owner::mark_created() {
  if (created_) return;
  std::string directory = path_.substr(0, path_.rfind('/') + 1);
  if (data_ >= 0 && ::fsync(data_) != 0) fail_system("can't flush", path_, errno);
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail_system("can't open its directory", directory, errno);
  int native = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (native != 0 && native != EINVAL) fail_system("can't flush its directory", directory, native);
  created_ = true;
  write_note();
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
