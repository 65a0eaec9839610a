// A store in memory: for tests, and for programs that want workflows without durability.
#pragma once
#include <memory>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace memory {

/// The content of a memory store. It outlives the stores that are opened on it: so a test can play
/// a restart.
class contents;
/// Makes empty contents.
STET_API std::shared_ptr<contents> make_contents();

/// Opens a store over `c` (nullptr: over new contents). Nothing survives the process.
/// Throws   store_error with errc::conflict if a store is open on the same contents.
STET_API std::unique_ptr<store> open(std::shared_ptr<contents> c = nullptr);

}  // namespace memory
}}  // namespace stet::v0
