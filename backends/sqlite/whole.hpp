// Checks that an SQLite file has all its pages, before anything is moved into it. SQLite itself
// notices pages that are missing, but takes half a page for a whole one, and when it moves its log
// it fills up what is missing.
#pragma once
#include <cstdint>
#include <optional>
#include <set>

#include "sql.hpp"

namespace stet { inline namespace v0 { namespace sqlite {

/// Returns the numbers (from 1) of the pages in the committed transactions of the connection's
/// write-ahead log. Empty if it has no log. Reads all of the log.
std::set<std::uint32_t> pages_in_log(sqlite3* c);

/// Returns the first page up to `page_count` that neither the file, of `file_bytes`, nor the log
/// has.
std::optional<std::uint32_t> missing_page(sqlite3* c, std::uint32_t page_count,
                                          std::uint32_t page_bytes, std::uint64_t file_bytes);

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
