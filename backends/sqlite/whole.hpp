// Whether an SQLite file has all its pages, found out before anything is moved into it: SQLite
// notices pages that are missing, takes half a page for a whole one, and fills up what is missing
// when it moves its log.
#pragma once
#include <cstdint>
#include <optional>
#include <set>

#include "sql.hpp"

namespace stet { inline namespace v0 { namespace sqlite {

/// The numbers (from 1) of the pages that the committed transactions of the connection's
/// write-ahead log hold. Empty if it has none. Reads all of it.
std::set<std::uint32_t> pages_in_log(sqlite3* c);

/// The first page up to `page_count` that neither the file, of `file_bytes`, nor the log has.
std::optional<std::uint32_t> missing_page(sqlite3* c, std::uint32_t page_count,
                                          std::uint32_t page_bytes, std::uint64_t file_bytes);

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
