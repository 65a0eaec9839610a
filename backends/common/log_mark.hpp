// The mark that a logged store keeps about its log: one reserved key of its inner store.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "log_file.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Written in the same commit as the changes that move from the log to the inner store.
struct log_mark {
  bool in_use = false;         ///< without the log `id` this store is not whole
  std::uint64_t id = 0;        ///< of the store's last log
  std::uint64_t sequence = 0;  ///< of the last record that the store contains
};

/// A key that no user has: it has the maximal length, and so is none of Stet's either.
const std::string& mark_key();
inline bool is_mark_key(std::string_view key) {
  return key.size() == mark_key().size() && key == mark_key();
}

std::string encode_mark(const log_mark& m);
/// Returns the mark, or a new one if none exists; `is_there` says which. Throws errc::corrupt if
/// the mark can't be read.
log_mark read_mark(store& inner, bool& is_there);

/// Opens the log that `m` says is in use. If no log is in use, removes what is left of one and
/// returns null. Throws errc::corrupt if the log is gone, or is another store's.
std::unique_ptr<log_file> open_marked_log(const std::string& path, const store_info& inner,
                                          const log_mark& m);

/// Throws errc::corrupt with the path of the file.
[[noreturn]] void fail_log(const store_info& inner, const std::string& path, std::string_view text);

}  // namespace backend
}  // namespace v0
}  // namespace stet
