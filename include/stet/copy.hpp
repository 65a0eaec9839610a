// Everything that a store holds, moved to another: another database, another disk.
#pragma once
#include <cstdint>

#include <stet/export.hpp>
#include <stet/store.hpp>

namespace stet { inline namespace v0 {

/// What copy() did.
struct copy_report {
  std::uint64_t keys = 0;   ///< in the copy
  std::uint64_t bytes = 0;  ///< of these keys and their values
  bool resumed = false;     ///< it went on with an interrupted copy of the same source
};

/// Copies all of `from` to `to`, runs that are open included, and reads the copy back.
///
/// The stores belong to the caller: no engine has them open. `to` is empty, or holds what an
/// interrupted copy of this very source left: then that is gone on with; if the source has had an
/// engine since, it begins anew. Until the copy is whole `to` is refused by every engine. `from` is
/// only read. Afterwards open an engine on one of the two, and never on the other: both would do
/// the same work.
///
/// Throws   store_error: errc::conflict if `to` holds anything else, or if `from` changed
///          meanwhile; errc::corrupt if `from` is no store of Stet's, or if the copy reads
///          otherwise than it was written; errc::usage if a key or value is too long for `to`; what
///          the stores throw.
/// Durable  the whole copy, when it returns.
///     stet::copy(*stet::open("lmdb:bank.stet"), *stet::open("rocksdb:bank"));
STET_API copy_report copy(store& from, store& to);

}}  // namespace stet::v0
