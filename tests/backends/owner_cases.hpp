// Shared tests of stores in files: which process may use a store.
#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <stet/store.hpp>

namespace stet_tests {

/// A kind of store in a file.
struct file_store {
  std::string scheme;
  std::function<std::unique_ptr<stet::store>(const std::string& path)> open;
  /// The endings of the names of files that may exist next to a store.
  std::vector<std::string> side_files;

  /// "opened", or the text of the error, after "conflict: " or "other: ".
  std::string try_open(const std::string& path) const;
};

/// Checks that `all` contains `part`, and prints `all` if not.
bool has(const std::string& all, const std::string& part);

/// Runs every case, as subcases of the test case that calls it.
void check_owner(const file_store& kind);

}  // namespace stet_tests
