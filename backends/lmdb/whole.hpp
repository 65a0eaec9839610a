// Whether an LMDB file has all the pages that it needs, found out before LMDB is asked: that would
// read behind the end of the file, or give zeros for a value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace lmdb {

/// The bytes that a file's pages take, says its newest meta page.
struct file_extent {
  std::uint64_t used = 0, size = 0;
  bool is_short() const noexcept { return size < used; }
};

/// Of a file. Nothing if it isn't LMDB's as we know it: then it is for LMDB to say so.
/// A file cut within its meta pages has no length that could be used.
std::optional<file_extent> extent_of(const port::file& f);

/// Of a file that is short: what is missing that something refers to; empty if nothing is. (LMDB
/// doesn't write pages that were freed in the transaction that made them, so a sound file may be
/// short.) Reads all pages that can be reached, and changes nothing.
std::string missing_part(const port::file& f);

/// Whether a file holds a part of what LMDB writes first into a new file, its two first
/// pages, and nothing else: LMDB writes them at once and doesn't flush in between, so that after a
/// power cut either may be missing. Returns false for a file that is empty, one that has both
/// pages, and one that holds anything else. Reads at most two pages of the largest size.
bool is_torn_beginning(const port::file& f);

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
