// The checks that every backend makes before it touches anything, and the errors that they throw.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace backend {

/// A key as an error shows it: printable ASCII as it is, other bytes as \xNN, cut at 40 bytes.
inline std::string printable(std::string_view key) {
  constexpr std::size_t shown_bytes_max = 40;
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : key.substr(0, shown_bytes_max)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  out += '"';
  if (key.size() > shown_bytes_max) out += "… (" + std::to_string(key.size()) + " bytes)";
  return out;
}

/// The operation's name as errors have it: "lmdb commit".
inline std::string name_of(const store_info& s, std::string_view what) {
  return s.scheme + " " + std::string(what);
}

[[noreturn]] inline void fail_closed(const store_info& s, std::string_view what) {
  throw store_error(errc::store, name_of(s, what), s.path, 0, "the store is closed; open it anew",
                    commit_outcome::refused);
}

[[noreturn]] inline void fail_foreign(const store_info& s, std::string_view what) {
  throw store_error(errc::store, name_of(s, what), s.path, 0,
                    "the store belongs to the process that opened it, and this is a fork of it",
                    commit_outcome::refused);
}

/// Throws for every call that follows a commit of unknown outcome; `why` is that commit's error.
[[noreturn]] inline void fail_poisoned(const store_info& s, std::string_view what,
                                       std::string_view why) {
  throw store_error(errc::store, name_of(s, what), s.path, 0,
                    "nothing goes on after an earlier failure (" + std::string(why) +
                        "); close the store and open it anew",
                    commit_outcome::refused);
}

/// Checks that a key has 1 to key_bytes_max bytes.
inline void check_key(const store_info& s, std::string_view what, std::string_view key) {
  if (!key.empty() && key.size() <= s.key_bytes_max) return;
  throw store_error(errc::usage, name_of(s, what), s.path, 0,
                    "the key " + printable(key) + " has " + std::to_string(key.size()) +
                        " bytes; a key has 1 to " + std::to_string(s.key_bytes_max),
                    commit_outcome::refused);
}

/// Checks that every key and value of a batch fits. The bounds of a range aren't keys: they may
/// have any length.
inline void check_batch(const store_info& s, const batch& b) {
  for (const auto& o : b.operations()) {
    if (o.what == batch::kind::erase_range) continue;
    check_key(s, "commit", o.key);
    if (o.what == batch::kind::put && o.value.size() > s.value_bytes_max) {
      throw store_error(errc::usage, name_of(s, "commit"), s.path, 0,
                        "the value of key " + printable(o.key) + " has " +
                            std::to_string(o.value.size()) + " bytes; a value has at most " +
                            std::to_string(s.value_bytes_max),
                        commit_outcome::refused);
    }
  }
}

/// Throws if an expectation doesn't hold. `value` is the value of its key, or nullopt if the key is
/// absent.
inline void check_expectation(const store_info& s, const batch::operation& o,
                              std::optional<std::string_view> value) {
  const bool is_present = value.has_value();
  if (is_present != o.absent && (!is_present || *value == o.value)) return;
  const char* found = !is_present ? "it is absent"
                      : o.absent  ? "it exists"
                                  : "it holds another value";
  throw store_error(errc::conflict, name_of(s, "commit"), s.path, 0,
                    "the batch was made for another state of the store: about key " +
                        printable(o.key) + " it expects something else, since " + found +
                        "; another writer has changed it meanwhile: read it again",
                    commit_outcome::refused);
}

/// Throws unless everything that the batch expects holds. `find(key)` returns the value of a key,
/// or nullopt if the key is absent.
template <class F> void check_expectations(const store_info& s, const batch& b, F&& find) {
  for (const auto& o : b.operations()) {
    if (o.what == batch::kind::expect) check_expectation(s, o, find(o.key));
  }
}

/// Returns true if the batch is meant to make the store smaller: it erases a range. (An erased key
/// alone doesn't mean that: an engine moves a key with most of its commits.)
inline bool makes_room(const batch& b) noexcept {
  for (const auto& o : b.operations()) {
    if (o.what == batch::kind::erase_range) return true;
  }
  return false;
}

/// Returns true if no key can be in the range.
inline bool is_empty(const scan_range& r) { return !r.to.empty() && r.from >= r.to; }

/// The keys of a scan go in one direction. Without this check, damaged pages that lead back to
/// themselves would be read for ever. Throws errc::corrupt. `before` is empty for the first key.
inline void check_order(const store_info& s, const scan_range& r, std::string_view before,
                        std::string_view key) {
  if (before.empty() || (r.backward ? key < before : key > before)) return;
  throw store_error(errc::corrupt, name_of(s, "scan"), s.path, 0,
                    "the store is damaged: the key " + printable(key) + " comes after " +
                        printable(before) + ", out of order; restore a backup",
                    commit_outcome::refused);
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
