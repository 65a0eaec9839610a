// Opens a store by a URL from a setting; checks and copies stores by their URLs. Link stet-open,
// which contains every backend that Stet was built with.
#pragma once
#include <memory>
#include <string_view>

#include <stet/check.hpp>
#include <stet/copy.hpp>
#include <stet/store.hpp>

namespace stet { inline namespace v0 {

namespace detail {
struct opens_urls {};  // see impl/guesses.hpp
}  // namespace detail

/// Options of open().
struct open_options {
  /// If false, a store that doesn't exist is errc::not_found, and no file is made: for readers and
  /// tools, so that a mistyped path is an error.
  bool create = true;
};

/// Opens "memory:", "lmdb:PATH", "rocksdb:PATH" or "sqlite:PATH". The path follows the colon at
/// once: "lmdb:bank.stet" is in the current directory, "lmdb:/var/lib/bank.stet" isn't. It is taken
/// as it is: nothing in it is decoded or replaced.
/// Throws   store_error with errc::usage for a scheme that this build lacks (the message lists
///          those that it has), for "lmdb://…" (which isn't clear: a path or a host?), for a name
///          of a store in memory, for options in the URL ("?…"), and for a path with a control
///          character, or a space at its beginning or end; errc::not_found if open_options::create
///          is false and there is no such store; what the backend's open() throws.
///     auto s = stet::open("lmdb:bank.stet");
///     auto r = stet::open("lmdb:bank.stet", {.create = false});
STET_API std::unique_ptr<store> open(std::string_view url, const open_options& o = {});

/// Checks the store at a URL, as check(store&) does. Never makes a store.
/// Throws   as open() with `create` false, and as check(store&).
///     auto report = stet::check("lmdb:bank.stet");
STET_API check_report check(std::string_view url);

/// Copies the store at one URL to the store at another, as copy(store&, store&) does. The target is
/// opened, and made, only when the source has been found to be a store.
/// Throws   as open() with `create` false for `from`, and as copy(store&, store&).
/// Durable  when it returns, the whole copy is.
///     stet::copy("lmdb:bank.stet", "rocksdb:bank");
STET_API copy_report copy(std::string_view from, std::string_view to);

}}  // namespace stet::v0
