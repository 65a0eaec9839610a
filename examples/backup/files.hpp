// What a backup does to a file system. Nothing in here knows of Stet.
//
// Every function may be cut short at any moment and called again: that is all that a step asks of
// its body.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace files {

/// What there is to back up. Paths are relative to the root, in order: a folder stands before what
/// is in it.
struct tree {
  std::vector<std::string> folders;     ///< the root itself, ".", is the first
  std::vector<std::string> files;       ///< regular files and symbolic links
  std::vector<std::string> special;     ///< sockets, pipes, devices: no backup can hold them
  std::vector<std::string> unreadable;  ///< folders, each with the reason
};
tree list(const std::string& root);

/// A number that tells whether two files, or two symbolic links, have the same content. It finds
/// accidents, not attackers, who could make two files of one fingerprint. Throws std::system_error,
/// as do the functions below.
std::uint64_t fingerprint(const std::string& path);
/// The same of a text.
std::uint64_t fingerprint_of(std::string_view text);

/// Copies a file or a symbolic link. `to` is the old content or the whole new one at every moment,
/// power cuts included: it is written under another name, flushed to the disk, and renamed. Returns
/// the bytes of its content.
std::uint64_t copy(const std::string& from, const std::string& to);

/// Makes the folders that don't exist yet, writable for now.
void make_folders(const std::string& root, const std::vector<std::string>& folders);
/// Gives folders the permissions of their originals. The last thing to do: some can't be written
/// into any more.
void finish_folders(const std::string& from, const std::string& to,
                    const std::vector<std::string>& folders);

}  // namespace files
