// What was done to the watched files: for a replay after the life, and to undo it when a flush
// fails. No-ops unless the control asks for it.
#pragma once
#include <sys/types.h>

#include <cstddef>

namespace stet_faults {

/// Before a write: remembers what it will replace. `at` -1: where the descriptor is. Returns where.
off_t note_before(int fd, off_t at, std::size_t n) noexcept;
/// After a write of so many bytes.
void note_write(int fd, const void* data, std::size_t n, off_t at) noexcept;
void note_flush(int fd, bool data_only) noexcept;
void note_truncate(int fd, off_t size) noexcept;
void note_create(const char* path) noexcept;
void note_rename(const char* from, const char* to) noexcept;
void note_unlink(const char* path) noexcept;
/// Puts back what the file was at its last flush.
void forget_dirty(int fd) noexcept;

/// The path of a watched descriptor, behind the watched prefix; null: it isn't watched.
const char* watched_path(int fd, char (&buffer)[512]) noexcept;
const char* watched_path(const char* path) noexcept;

}  // namespace stet_faults
