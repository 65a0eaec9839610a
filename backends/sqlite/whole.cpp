#include "whole.hpp"

#include <string>

namespace stet { inline namespace v0 { namespace sqlite {
namespace {

// For SQLite's format of a write-ahead log see https://sqlite.org/fileformat2.html#walformat
constexpr std::size_t kLogHeaderBytes = 32, kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // + 1: sums are of big-endian words
constexpr std::uint32_t kPageBytesMax = 65536;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < 4; ++i) n = n << 8 | static_cast<unsigned char>(bytes[at + i]);
  return n;
}

std::uint32_t swapped(std::uint32_t n) {
  return n >> 24 | (n >> 8 & 0xff00) | (n << 8 & 0xff0000) | n << 24;
}

/// The checksum of SQLite's log: over pairs of words, from one frame to the next.
struct sum {
  bool is_big_endian;
  std::uint32_t first = 0, second = 0;

  void add(const std::string& bytes, std::size_t from, std::size_t to) {
    for (std::size_t at = from; at + 8 <= to; at += 8) {
      first += word(bytes, at) + second;
      second += word(bytes, at + 4) + first;
    }
  }
  bool is_at(const std::string& bytes, std::size_t at) const {
    return number_at(bytes, at) == first && number_at(bytes, at + 4) == second;
  }

 private:
  std::uint32_t word(const std::string& bytes, std::size_t at) const {
    const std::uint32_t n = number_at(bytes, at);
    return is_big_endian ? n : swapped(n);
  }
};

/// Returns false if the file doesn't have all of the bytes.
bool read(sqlite3_file* file, std::int64_t offset, std::string& to) {
  return file->pMethods->xRead(file, to.data(), static_cast<int>(to.size()), offset) == SQLITE_OK;
}

}  // namespace

std::set<std::uint32_t> pages_in_log(sqlite3* c) {
  std::set<std::uint32_t> committed, pending;
  sqlite3_file* log = log_of(c);
  std::string header(kLogHeaderBytes, '\0');
  if (log == nullptr || !read(log, 0, header)) return committed;
  const std::uint32_t magic = number_at(header, 0), page_bytes = number_at(header, 8);
  if ((magic & ~1u) != kMagic || page_bytes == 0 || page_bytes > kPageBytesMax) return committed;
  sum s{.is_big_endian = (magic & 1) != 0};
  s.add(header, 0, 24);
  if (!s.is_at(header, 24)) return committed;
  std::string frame(kFrameHeaderBytes + page_bytes, '\0');
  for (std::int64_t at = kLogHeaderBytes; read(log, at, frame);
       at += static_cast<std::int64_t>(frame.size())) {
    const bool is_of_this_log = frame.compare(8, 8, header, 16, 8) == 0;
    s.add(frame, 0, 8);
    s.add(frame, kFrameHeaderBytes, frame.size());
    if (!is_of_this_log || !s.is_at(frame, 16)) break;
    pending.insert(number_at(frame, 0));
    const bool is_commit = number_at(frame, 4) != 0;
    if (is_commit) committed.merge(pending);
  }
  return committed;
}

std::optional<std::uint32_t> missing_page(sqlite3* c, std::uint32_t page_count,
                                          std::uint32_t page_bytes, std::uint64_t file_bytes) {
  const std::uint64_t whole = file_bytes / page_bytes;
  if (whole >= page_count) return std::nullopt;
  const auto in_log = pages_in_log(c);
  for (auto page = static_cast<std::uint32_t>(whole) + 1; page <= page_count; ++page) {
    if (!in_log.contains(page)) return page;
  }
  return std::nullopt;
}

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
