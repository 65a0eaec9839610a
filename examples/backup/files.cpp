#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace files {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw std::system_error(errno, std::generic_category(), what + " " + path);
}

/// An open file.
class descriptor {
 public:
  descriptor(const std::string& path, int flags, mode_t mode = 0)
      : path_(path), number_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode)) {
    if (number_ < 0) fail("can't open", path);
  }
  ~descriptor() { ::close(number_); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  /// Returns the next bytes, none at the end of the file. They are valid until the next call.
  std::string_view read() {
    ssize_t n;
    do n = ::read(number_, buffer_.data(), buffer_.size());
    while (n < 0 && errno == EINTR);
    if (n < 0) fail("can't read", path_);
    return {buffer_.data(), static_cast<std::size_t>(n)};
  }
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::write(number_, bytes.data(), bytes.size());
      if (n < 0 && errno != EINTR) fail("can't write", path_);
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void set_permissions(mode_t mode) {
    if (::fchmod(number_, mode) != 0) fail("can't set the permissions of", path_);
  }
  void flush() {
    if (::fsync(number_) != 0) fail("can't flush", path_);
  }

 private:
  std::string path_;
  int number_;
  std::array<char, 65536> buffer_;
};

struct stat status_of(const std::string& path) {
  struct stat s;
  if (::lstat(path.c_str(), &s) != 0) fail("can't see", path);
  return s;
}
/// Returns the full path of one that is relative to the root.
std::string at(const std::string& root, const std::string& path) {
  return path == "." ? root : root + "/" + path;
}

mode_t permissions(const struct stat& s) { return s.st_mode & 07777; }

std::string target_of_link(const std::string& path) {
  std::error_code error;
  auto target = fs::read_symlink(path, error).string();
  if (error) throw std::system_error(error, "can't read the link " + path);
  return target;
}

/// FNV-1a, 64 bits.
class fnv {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) sum_ = (sum_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::uint64_t sum() const { return sum_; }

 private:
  std::uint64_t sum_ = 0xcbf29ce484222325;
};

/// Returns the name under which a copy is made before it gets its own. It is the same at every
/// attempt, so that the next attempt removes what the last one left; and it is short enough for any
/// file system.
std::string temporary_name(const fs::path& path) {
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), ".backup-%016llx",
                static_cast<unsigned long long>(fingerprint_of(path.filename().string())));
  return path.parent_path() / name.data();
}

std::uint64_t copy_content(const std::string& from, const std::string& to, mode_t mode) {
  descriptor source(from, O_RDONLY);
  descriptor copy(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
  std::uint64_t size = 0;
  for (auto bytes = source.read(); !bytes.empty(); bytes = source.read()) {
    copy.write(bytes);
    size += bytes.size();
  }
  copy.set_permissions(mode);
  copy.flush();
  return size;
}

std::uint64_t copy_link(const std::string& from, const std::string& to) {
  const auto target = target_of_link(from);
  if (::symlink(target.c_str(), to.c_str()) != 0) fail("can't make the link", to);
  return target.size();
}

void list_folder(const std::string& root, const std::string& folder, tree& found) {
  const auto prefix = folder == "." ? std::string() : folder + "/";
  std::error_code error;
  std::vector<std::string> folders;
  for (fs::directory_iterator i(at(root, folder), error), end; !error && i != end;
       i.increment(error)) {
    const auto path = prefix + i->path().filename().string();
    const auto kind = i->symlink_status().type();
    if (kind == fs::file_type::directory) folders.push_back(path);
    else if (kind == fs::file_type::regular || kind == fs::file_type::symlink)
      found.files.push_back(path);
    else found.special.push_back(path);
  }
  if (error) found.unreadable.push_back(at(root, folder) + ": " + error.message());
  for (auto& path : folders) {
    found.folders.push_back(path);
    list_folder(root, path, found);
  }
}

}  // namespace

tree list(const std::string& root) {
  tree found;
  found.folders.emplace_back(".");
  list_folder(root, ".", found);
  for (auto* paths : {&found.folders, &found.files, &found.special}) std::ranges::sort(*paths);
  return found;
}

std::uint64_t fingerprint_of(std::string_view text) {
  fnv sum;
  sum.add(text);
  return sum.sum();
}

std::uint64_t fingerprint(const std::string& path) {
  if (S_ISLNK(status_of(path).st_mode)) return fingerprint_of("link to " + target_of_link(path));
  fnv sum;
  descriptor file(path, O_RDONLY);
  for (auto bytes = file.read(); !bytes.empty(); bytes = file.read()) sum.add(bytes);
  return sum.sum();
}

std::uint64_t copy(const std::string& from, const std::string& to) {
  const auto original = status_of(from);
  const auto temporary = temporary_name(to);
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) fail("can't remove", temporary);
  const auto bytes = S_ISLNK(original.st_mode)
                         ? copy_link(from, temporary)
                         : copy_content(from, temporary, permissions(original));
  if (::rename(temporary.c_str(), to.c_str()) != 0) fail("can't replace", to);
  descriptor(fs::path(to).parent_path(), O_RDONLY | O_DIRECTORY)
      .flush();  // the name survives a power cut, too
  return bytes;
}

void make_folders(const std::string& root, const std::vector<std::string>& folders) {
  for (const auto& folder : folders) {
    const auto path = at(root, folder);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail("can't make the folder", path);
    if (!S_ISDIR(status_of(path).st_mode)) {
      errno = ENOTDIR;
      fail("can't make the folder", path);
    }
  }
}

void finish_folders(const std::string& from, const std::string& to,
                    const std::vector<std::string>& folders) {
  for (const auto& folder : folders) {  // an earlier attempt may have made them read-only
    const auto path = at(to, folder);
    if (::chmod(path.c_str(), 0700) != 0) fail("can't set the permissions of", path);
  }
  for (auto i = folders.rbegin(); i != folders.rend();
       ++i) {  // from the inside out: a folder that is done may be read-only
    descriptor folder(at(to, *i), O_RDONLY | O_DIRECTORY);
    folder.set_permissions(permissions(status_of(at(from, *i))));
    folder.flush();
  }
}

}  // namespace files
