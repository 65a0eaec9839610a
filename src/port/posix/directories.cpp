// Reads directories and resolves paths.
#include <dirent.h>
#include <stdlib.h>

#include <cerrno>
#include <memory>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace port {
namespace {

/// Calls `each` with one name after the other, until `each` returns false.
template <class F> int walk(const std::string& directory, F&& each) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), ::closedir);
  if (!entries) return errno;
  for (errno = 0; const dirent* entry = ::readdir(entries.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && !each(name)) return 0;
  }
  return errno;
}

}  // namespace

// Doesn't use libstdc++'s iterator, which ends the process if there is no memory.
int names_in(const std::string& directory, std::vector<std::string>& names) {
  std::vector<std::string> found;
  const int error = walk(directory, [&](std::string_view name) {
    found.emplace_back(name);
    return true;
  });
  if (error == 0) names = std::move(found);
  return error;
}

bool is_empty_directory(const std::string& directory) {
  bool is_empty = true;
  const int error = walk(directory, [&](std::string_view) { return is_empty = false; });
  return error == 0 && is_empty;
}

int real_path(const std::string& path, std::string& real) {
  const std::unique_ptr<char, void (*)(void*)> found(::realpath(path.c_str(), nullptr), ::free);
  if (!found) return errno;
  real = found.get();
  return 0;
}

}  // namespace port
}  // namespace v0
}  // namespace stet
