// What the tests of stores in files share about a device that fails or is full. Linux only, but for
// check_contract.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "owner_cases.hpp"

namespace stet_tests {

/// Which calls of a store's commits can be made to fail.
enum class failing { flushes, writes_and_flushes };

/// The contract of a store; on Linux in commits that fail, too.
void check_contract(const file_store& kind, failing what);

#if defined(__linux__)
/// A commit of unknown outcome was the last that the store did.
void check_poisoned(stet::store& s);

/// In a child: gives it a file system of its own at `place`, as small as `size` says ("size=1m").
/// False if this machine lets nobody.
bool mount_alone(const std::string& place, const char* size);
/// Makes that one as large as `size` says.
bool remount(const std::string& place, const char* size);

/// `f(place)` in a child: "fine", "skip" (no right to mount), or what is wrong.
void check_in_child(const std::function<std::string(const std::string& place)>& f);

/// What filling a disk came to.
struct filled_disk {
  std::size_t count = 0;                 // values "0", "1", … of 3,000 bytes that went in
  std::optional<stet::store_error> why;  // that the next one didn't
  std::string wrong;  // empty: it was refused as full, and so were others after it
};
filled_disk fill_disk(stet::store& s);
#endif

}  // namespace stet_tests
