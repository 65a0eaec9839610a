// What the inner store of a logged one knows of the log: one reserved key.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "log_file.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Written in the same commit as what is moved out of the log.
struct log_mark {
  bool in_use = false;         ///< without the log `id` this store is not whole
  std::uint64_t id = 0;        ///< of the last log that it had
  std::uint64_t sequence = 0;  ///< of the last record that it contains
};

/// No user's key: as long as a key can be, so none of Stet's either.
const std::string& mark_key();
inline bool is_mark_key(std::string_view key) {
  return key.size() == mark_key().size() && key == mark_key();
}

std::string encode_mark(const log_mark& m);
/// A new one if there is none. `is_there` says so. Throws errc::corrupt if it can't be read.
log_mark read_mark(store& inner, bool& is_there);

/// Opens the log that `m` says is in use; or, if none is, takes away what is left of one and
/// returns null. Throws errc::corrupt if the log is gone, or another store's.
std::unique_ptr<log_file> open_marked_log(const std::string& path, const store_info& inner,
                                          const log_mark& m);

/// Throws errc::corrupt about the file `path`.
[[noreturn]] void fail_log(const store_info& inner, const std::string& path, std::string_view text);

}  // namespace backend
}  // namespace v0
}  // namespace stet
