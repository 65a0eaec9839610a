// Records the calls on the watched files: to replay them after the life, and to undo them when a
// flush fails. Does nothing unless the control asks for it.
#pragma once
#include <sys/types.h>

#include <cstddef>

namespace stet_faults {

/// Call it before a write: remembers the bytes that it will replace. If `at` is -1, the write is at
/// the descriptor's position. Returns the position.
off_t note_before(int fd, off_t at, std::size_t n) noexcept;
/// Call it after a write of `n` bytes.
void note_write(int fd, const void* data, std::size_t n, off_t at) noexcept;
void note_flush(int fd, bool data_only) noexcept;
void note_truncate(int fd, off_t size) noexcept;
void note_create(const char* path) noexcept;
void note_rename(const char* from, const char* to) noexcept;
void note_unlink(const char* path) noexcept;
/// Restores the file as it was at its last flush.
void forget_dirty(int fd) noexcept;

/// The path of a watched descriptor after the watched prefix; null if it isn't watched.
const char* watched_path(int fd, char (&buffer)[512]) noexcept;
const char* watched_path(const char* path) noexcept;

}  // namespace stet_faults
