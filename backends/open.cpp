// stet::open, with a table of the stores that this build has.
#include <stet/open.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

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
  std::unique_ptr<store> (*open)(const std::string& path, const open_options& o);
};

std::unique_ptr<store> open_memory(const std::string&, const open_options& o) {
  if (o.create) return memory::open();
  throw store_error(errc::not_found, "memory open", "", 0,
                    "there is no store at memory: to be read, since each one is new; give the "
                    "store that you have, or open stet::memory::open(contents)",
                    commit_outcome::refused);
}

constexpr backend_entry kBackends[] = {
    {"memory", open_memory},
#if STET_HAVE_LMDB
    {"lmdb", [](const std::string& path,
                const open_options& o) { return lmdb::open(path, {.create = o.create}); }},
#endif
#if STET_HAVE_ROCKSDB
    {"rocksdb", [](const std::string& path,
                   const open_options& o) { return rocksdb::open(path, {.create = o.create}); }},
#endif
#if STET_HAVE_SQLITE
    {"sqlite", [](const std::string& path,
                  const open_options& o) { return sqlite::open(path, {.create = o.create}); }},
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

[[noreturn]] void refuse(std::string_view url, const std::string& text) {
  throw store_error(errc::usage, "open store", redacted(url), 0, text, commit_outcome::refused);
}

/// Refuses places that people mean otherwise than a file system would take them.
void check_place(std::string_view url, const std::string& scheme, std::string_view place) {
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  if (scheme == "memory") {
    if (place.empty()) return;
    refuse(
        url,
        "a store in memory has no name, and each one is new: write \"memory:\"; to open the same "
        "one again, keep its contents (stet::memory::make_contents)");
  }
  const auto right = "write \"" + scheme +
                     ":bank.stet\" for a path below the current directory, \"" + scheme +
                     ":/var/lib/bank.stet\" for an absolute one";
  if (place.empty()) refuse(url, "the place of the store is missing: " + right);
  if (place.starts_with("//"))
    refuse(url, "\"//\" isn't clear here, since no host is meant: " + right);
  if (place.front() == ':')
    refuse(url, "a path doesn't begin with a colon: " + right + ", \"memory:\" for one in memory");
  if (is_space(place.front()) || is_space(place.back()))
    refuse(url, "a space stands before or after the path: remove it");
  if (std::any_of(place.begin(), place.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    refuse(url, "a control character is in the path: remove it");
  if (place.find('?') != place.npos)
    refuse(url,
           "a \"?\" is in the path, and a URL of a store has no options: give them to "
           "stet::open or stet::" +
               scheme + "::open, which also takes such a path");
}

}  // namespace

std::unique_ptr<store> open(std::string_view url, const open_options& o) {
  auto colon = url.find(':');
  const std::string scheme(url.substr(0, colon));
  for (const auto& b : kBackends) {
    if (colon == url.npos || scheme != b.scheme) continue;
    auto place = url.substr(colon + 1);
    check_place(url, scheme, place);
    return b.open(std::string(place), o);
  }
  refuse(url, (colon == url.npos ? "a store is named \"scheme:place\", as in \"lmdb:bank.stet\""
                                 : "this build has no store \"" + scheme + ":\"") +
                  "; it has " + known_schemes());
}

check_report check(std::string_view url) { return check(*open(url, {.create = false})); }

copy_report copy(std::string_view from, std::string_view to) {
  auto source = open(from, {.create = false});
  detail::check_source(*source);
  return copy(*source, *open(to));
}

}  // namespace v0
}  // namespace stet
