// A store by its name, from a setting. Link stet-open, which carries every backend that Stet was
// built with.
#pragma once
#include <memory>
#include <string_view>

#include <stet/store.hpp>

namespace stet { inline namespace v0 {

/// Opens "memory:", "lmdb:PATH", "rocksdb:PATH", "sqlite:PATH".
/// Throws   store_error with errc::usage for a scheme that this build lacks; the message lists
///          those it has.
///     auto s = stet::open("lmdb:bank.stet");
STET_API std::unique_ptr<store> open(std::string_view url);

}}  // namespace stet::v0
