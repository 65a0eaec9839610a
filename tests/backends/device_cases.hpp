// Shared tests of stores in files: a device that fails or is full. All but check_contract are for
// Linux only.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "owner_cases.hpp"

namespace stet_tests {

/// Which calls of a store's commits can be made to fail.
enum class failing { flushes, writes_and_flushes };

/// Checks the contract of a store; on Linux with failing commits too.
void check_contract(const file_store& kind, failing what);

#if defined(__linux__)
/// Checks that a store does nothing more after a commit of unknown outcome.
void check_poisoned(stet::store& s);

/// Call it in a child process: mounts a file system of its own at `place`, of the given size
/// ("size=1m"). Returns false if this machine doesn't allow it.
bool mount_alone(const std::string& place, const char* size);
/// Changes the size of that file system.
bool remount(const std::string& place, const char* size);

/// Calls `f(place)` in a child. It returns "fine", "skip" (no right to mount), or what is wrong.
void check_in_child(const std::function<std::string(const std::string& place)>& f);

/// The result of filling a disk.
struct filled_disk {
  std::size_t count = 0;                 // committed values "0", "1", … of 3,000 bytes
  std::optional<stet::store_error> why;  // why the next value wasn't
  std::string wrong;                     // empty if it was refused as full, and so were later ones
};
filled_disk fill_disk(stet::store& s);
#endif

}  // namespace stet_tests
