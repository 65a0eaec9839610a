// Opens a store by a URL from a setting. Link stet-open, which contains every backend that Stet was
// built with.
#pragma once
#include <memory>
#include <string_view>

#include <stet/store.hpp>

namespace stet { inline namespace v0 {

/// Opens "memory:", "lmdb:PATH", "rocksdb:PATH" or "sqlite:PATH".
/// Throws   store_error with errc::usage for a scheme that this build lacks (the message lists
///          those that it has); what the backend's open() throws.
///     auto s = stet::open("lmdb:bank.stet");
STET_API std::unique_ptr<store> open(std::string_view url);

}}  // namespace stet::v0
