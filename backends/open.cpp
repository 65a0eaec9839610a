// stet::open, with a table of the stores that this build has.
#include <stet/open.hpp>

#include <algorithm>
#include <string>

#include <stet/memory.hpp>
#if STET_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif
#if STET_HAVE_ROCKSDB
#include <stet/rocksdb.hpp>
#endif
#if STET_HAVE_SQLITE
#include <stet/sqlite.hpp>
#endif

namespace stet { inline namespace v0 {
namespace {

struct backend_entry {
  std::string_view scheme;
  std::unique_ptr<store> (*open)(std::string_view rest);
};

constexpr backend_entry kBackends[] = {
    {"memory", [](std::string_view) { return memory::open(); }},
#if STET_HAVE_LMDB
    {"lmdb", [](std::string_view path) { return lmdb::open(std::string(path)); }},
#endif
#if STET_HAVE_ROCKSDB
    {"rocksdb", [](std::string_view path) { return rocksdb::open(std::string(path)); }},
#endif
#if STET_HAVE_SQLITE
    {"sqlite", [](std::string_view path) { return sqlite::open(std::string(path)); }},
#endif
};

/// A URL as an error may show it. It removes too much rather than too little: a password may hold
/// any character. So "user:…@" goes to the last @, and everything after a "?" or after "password="
/// and its like is removed.
std::string redacted(std::string_view url) {
  std::string text(url);
  auto user = text.find(':');
  if (user != text.npos && text.compare(user, 3, "://") == 0) user = text.find(':', user + 3);
  const auto at = text.rfind('@');
  const bool has_user = at != text.npos && user < at;
  std::string lower = text;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  auto end = text.size();
  for (std::string_view key : {"?", "password=", "passwd=", "pwd=", "secret=", "token=", "key="})
    if (auto found = lower.find(key); found != lower.npos) end = std::min(end, found + key.size());
  if (has_user && end < at) end = std::min(end, user + 1);  // they overlap: removes both
  if (end < text.size()) text.replace(end, text.npos, "***");
  if (has_user && at < end) text.replace(user + 1, at - user - 1, "***");
  return text;
}

std::string known_schemes() {
  std::string list;
  for (const auto& b : kBackends) {
    if (!list.empty()) list += ", ";
    list.append(b.scheme).append(":");
  }
  return list;
}

}  // namespace

std::unique_ptr<store> open(std::string_view url) {
  auto colon = url.find(':');
  std::string_view scheme = url.substr(0, colon);
  for (const auto& b : kBackends) {
    if (colon != url.npos && scheme == b.scheme) return b.open(url.substr(colon + 1));
  }
  std::string text = colon == url.npos
                         ? "a store is named \"scheme:place\", as in \"lmdb:bank.stet\""
                         : "this build has no store \"" + std::string(scheme) + ":\"";
  throw store_error(errc::usage, "open store", redacted(url), 0,
                    text + "; it has " + known_schemes(), commit_outcome::refused);
}

}  // namespace v0
}  // namespace stet
