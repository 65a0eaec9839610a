// A store in memory: for tests, and for programs that want workflows without durability.
#pragma once
#include <memory>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace memory {

/// The content of a memory store, which outlives the stores opened on it: how a test plays a
/// restart.
class contents;
STET_API std::shared_ptr<contents> make_contents();

/// Opens a store over `c` (nullptr: over fresh contents). At most one store is open on the same
/// contents: a second throws store_error with errc::conflict. Nothing survives the process.
STET_API std::unique_ptr<store> open(std::shared_ptr<contents> c = nullptr);

}  // namespace memory
}}  // namespace stet::v0
