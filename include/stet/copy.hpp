// Copies everything that a store holds to another store: another database, another disk.
#pragma once
#include <cstdint>

#include <stet/export.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/store.hpp>

namespace stet { inline namespace v0 {

/// The result of copy().
struct copy_report {
  std::uint64_t keys = 0;   ///< in the copy
  std::uint64_t bytes = 0;  ///< the size of these keys and their values
  bool resumed = false;     ///< it continued an interrupted copy of the same source
};

/// Copies all of `from` to `to`, open runs included, and reads the copy back.
///
/// The stores belong to the caller: no engine has them open. `to` is empty, or holds what an
/// interrupted copy of this very source left: then the copy goes on from there, unless an engine
/// has had the source since; then it begins anew. Every engine refuses `to` until the copy is
/// whole. `from` is only read. Afterwards open an engine on one of the two, and never on the other:
/// both would do the same work.
///
/// Throws   store_error: errc::conflict if `to` holds anything else, or if `from` changed
///          meanwhile; errc::corrupt if `from` is no store of Stet's, or if the copy differs from
///          what was written; errc::usage if a key or value is too long for `to`; what the stores
///          throw.
/// Durable  when it returns, the whole copy is.
///     stet::copy("lmdb:bank.stet", "rocksdb:bank");  // by URL: <stet/open.hpp>
STET_API copy_report copy(store& from, store& to);
template <detail::url_without_open From, detail::url_without_open To>
copy_report copy(const From&, const To&) {
  detail::refuse_url<From>();
  return {};
}

namespace detail {
/// Throws   errc::corrupt if this is no store that copy() takes as its source.
STET_API void check_source(store& from);
}  // namespace detail

}}  // namespace stet::v0
