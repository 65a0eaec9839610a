// Checks that an LMDB file has all the pages that it needs. LMDB itself must not be asked first: it
// would read past the end of the file, or return zeros for a value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace lmdb {

/// The bytes that a file's pages take, by its newest meta page, and the size of the file.
struct file_extent {
  std::uint64_t used = 0, size = 0;
  bool is_short() const noexcept { return size < used; }
};

/// Returns the extent of a file, or nullopt if it isn't a file of LMDB's as we know them: then LMDB
/// itself reports that. A file that is cut within its meta pages has no extent that could be used.
std::optional<file_extent> extent_of(const port::file& f);

/// For a file that is short: says which part is missing although something refers to it. Returns an
/// empty text if no such part is missing. (LMDB doesn't write pages that were freed by the
/// transaction that made them, so a sound file may be short.) Reads all pages that can be reached,
/// and changes nothing.
std::string missing_part(const port::file& f);

/// Returns true if a file holds only a part of the first two pages of a new file. LMDB writes these
/// pages together and doesn't flush in between, so that after a power cut either may be missing.
/// Returns false for a file that is empty, one that has both pages, and one that holds anything
/// else. Reads at most two pages of the largest size.
bool is_torn_beginning(const port::file& f);

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
