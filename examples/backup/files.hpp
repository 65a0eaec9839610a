// The file operations of a backup. Nothing in here uses Stet.
//
// Every function may be cut short at any moment and called again: a step asks no more of its body.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace files {

/// The content of a folder to back up. Paths are relative to the root, in order: a folder comes
/// before its content.
struct tree {
  std::vector<std::string> folders;     ///< the root itself, ".", is the first
  std::vector<std::string> files;       ///< regular files and symbolic links
  std::vector<std::string> special;     ///< sockets, pipes, devices: no backup can hold them
  std::vector<std::string> unreadable;  ///< folders, each with the reason
};
tree list(const std::string& root);

/// Returns a number that tells whether two files, or two symbolic links, have the same content. It
/// finds accidents, but no attacks: an attacker could make two files with the same fingerprint.
/// Throws std::system_error, as the functions below do.
std::uint64_t fingerprint(const std::string& path);
/// Returns the same number of a text.
std::uint64_t fingerprint_of(std::string_view text);

/// Copies a file or a symbolic link. At every moment, power cuts included, `to` is the old content
/// or the whole new one: the copy is written under another name, flushed to the disk, and renamed.
/// Returns the size of its content in bytes.
std::uint64_t copy(const std::string& from, const std::string& to);

/// Makes the folders that don't exist yet, writable for now.
void make_folders(const std::string& root, const std::vector<std::string>& folders);
/// Gives folders the permissions of their originals. Call it last: after it, some can't be written
/// into any more.
void finish_folders(const std::string& from, const std::string& to,
                    const std::vector<std::string>& folders);

}  // namespace files
