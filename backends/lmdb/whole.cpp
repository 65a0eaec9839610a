#include "whole.hpp"

#include <algorithm>
#include <cstring>

namespace stet { inline namespace v0 { namespace lmdb {
namespace {

// The numbers of LMDB's file format, version 1, where LMDB's numbers have 64 bits.
constexpr std::uint32_t kMagic = 0xBEEFC0DE, kVersion = 1;
constexpr std::size_t kPageHeaderBytes = 16;
constexpr std::size_t kMetaBytes = 136;
constexpr std::size_t kPageSizeMin = 512, kPageSizeMax = 65536;
constexpr int kDepthMax = 32;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
enum page_flag : std::uint16_t { branch = 1, leaf = 2 };
enum node_flag : std::uint16_t { has_pages = 1 };

/// The fields of a meta page that are used here.
struct meta {
  std::uint64_t page_bytes, roots[2], last_page, transaction;
};

template <class Number> Number number_at(const std::string& bytes, std::size_t at) {
  Number n = 0;
  if (at <= bytes.size() && bytes.size() - at >= sizeof n) {
    std::memcpy(&n, bytes.data() + at, sizeof n);
  }
  return n;
}

/// Returns this part of the file; empty if the file doesn't have all of it.
std::string read_at(const port::file& f, std::uint64_t offset, std::size_t bytes) {
  std::string all(bytes, '\0');
  std::size_t got = 0;
  if (f.read(offset, all.data(), bytes, got) != 0 || got < bytes) return {};
  return all;
}

std::optional<meta> meta_at(const port::file& f, std::uint64_t offset) {
  const std::string m = read_at(f, offset + kPageHeaderBytes, kMetaBytes);
  if (number_at<std::uint32_t>(m, 0) != kMagic) return std::nullopt;
  if ((number_at<std::uint32_t>(m, 4) & 0xffff) != kVersion) return std::nullopt;
  constexpr std::size_t tables = 24, table_bytes = 48, root = 40;
  meta found{.page_bytes = number_at<std::uint32_t>(m, tables),
             .roots = {number_at<std::uint64_t>(m, tables + root),
                       number_at<std::uint64_t>(m, tables + table_bytes + root)},
             .last_page = number_at<std::uint64_t>(m, tables + 2 * table_bytes),
             .transaction = number_at<std::uint64_t>(m, tables + 2 * table_bytes + 8)};
  const bool is_size = found.page_bytes >= kPageSizeMin && found.page_bytes <= kPageSizeMax &&
                       (found.page_bytes & (found.page_bytes - 1)) == 0;
  return is_size ? std::optional(found) : std::nullopt;
}

/// The meta page that LMDB takes; `is_alone` is true if the other one can't be read.
struct newest_meta {
  meta m;
  bool is_alone;
};
std::optional<newest_meta> newest_of(const port::file& f) {
  const auto first = meta_at(f, 0);
  if (!first) return std::nullopt;
  const auto second = meta_at(f, first->page_bytes);
  if (!second) return newest_meta{*first, true};
  return newest_meta{first->transaction < second->transaction ? *second : *first, false};
}

std::uint64_t size_of(const port::file& f) {
  port::file_facts facts;
  return f.look(facts) == 0 ? facts.bytes : 0;
}

/// Visits the pages that can be reached from a root.
class page_walk {
 public:
  page_walk(const port::file& f, std::uint64_t page_bytes, std::uint64_t size)
      : file_(f), page_bytes_(page_bytes), size_(size) {}

  /// Returns false at the first page that is missing: see missing().
  bool visit(std::uint64_t number, int depth = 0) {
    if (number == kNoPage) return true;
    if (depth > kDepthMax || !has(number, 1)) return lacks(number);
    const std::string page = read_at(file_, number * page_bytes_, page_bytes_);
    const auto flags = number_at<std::uint16_t>(page, 10);
    if ((flags & (branch | leaf)) == 0) return lacks(number);
    const std::size_t end = std::min<std::size_t>(number_at<std::uint16_t>(page, 12), page.size());
    for (std::size_t at = kPageHeaderBytes; at + 2 <= end; at += 2) {
      const std::size_t node = number_at<std::uint16_t>(page, at);
      if (!((flags & branch) != 0 ? visit(child_of(page, node), depth + 1)
                                  : visit_value(page, node))) {
        return false;
      }
    }
    return true;
  }
  const std::string& missing() const noexcept { return missing_; }

 private:
  static std::uint64_t child_of(const std::string& page, std::size_t node) {
    return number_at<std::uint32_t>(page, node) |
           std::uint64_t{number_at<std::uint16_t>(page, node + 4)} << 32;
  }
  /// A large value has pages of its own.
  bool visit_value(const std::string& page, std::size_t node) {
    if ((number_at<std::uint16_t>(page, node + 4) & has_pages) == 0) return true;
    const std::uint64_t bytes = number_at<std::uint32_t>(page, node);
    const std::size_t key_bytes = number_at<std::uint16_t>(page, node + 6);
    const auto first = number_at<std::uint64_t>(page, node + 8 + key_bytes);
    return has(first, (kPageHeaderBytes - 1 + bytes) / page_bytes_ + 1) || lacks(first);
  }
  bool has(std::uint64_t first, std::uint64_t count) const noexcept {
    const std::uint64_t pages = size_ / page_bytes_;
    return first < pages && count <= pages - first;
  }
  bool lacks(std::uint64_t number) {
    missing_ = "page " + std::to_string(number) + " is missing or cut";
    return false;
  }

  const port::file& file_;
  const std::uint64_t page_bytes_, size_;
  std::string missing_;
};

}  // namespace

std::optional<file_extent> extent_of(const port::file& f) {
  const auto newest = newest_of(f);
  if (!newest) return std::nullopt;
  const auto& m = newest->m;
  const std::uint64_t pages = std::max<std::uint64_t>(m.last_page, 1) + 1;
  return file_extent{.used = pages * m.page_bytes, .size = size_of(f)};
}

std::string missing_part(const port::file& f) {
  const auto newest = newest_of(f);
  const auto size = size_of(f);
  if (!newest || newest->is_alone || size < 2 * newest->m.page_bytes) {
    return "one of its two first pages is missing or cut";
  }
  page_walk walk(f, newest->m.page_bytes, size);
  for (auto root : newest->m.roots) {
    if (!walk.visit(root)) return walk.missing();
  }
  return {};
}

namespace {

/// Returns true if `at` has the meta page of a file into which nothing was committed yet.
bool is_first_meta(const port::file& f, std::uint64_t at) {
  const auto found = meta_at(f, at);
  return found && found->transaction == 0 && found->last_page <= 1 && found->roots[0] == kNoPage &&
         found->roots[1] == kNoPage;
}

}  // namespace

bool is_torn_beginning(const port::file& f) {
  const std::uint64_t size = size_of(f);
  if (size == 0 || size > 2 * kPageSizeMax) return false;
  std::string all = read_at(f, 0, size);
  if (all.empty()) return false;
  const bool has_first = is_first_meta(f, 0);
  std::size_t second = kPageSizeMin;  // the offset of the second meta page, if the file has it
  while (second < size && !is_first_meta(f, second)) second *= 2;
  const bool has_second = second < size;
  if (has_first && has_second && size >= 2 * second) return false;
  constexpr std::size_t meta_end = kPageHeaderBytes + kMetaBytes;
  if (has_second) std::fill_n(&all[second], std::min(meta_end, size - second), '\0');
  if (has_first) std::fill_n(&all[0], meta_end, '\0');
  return all.find_first_not_of('\0') == std::string::npos;
}

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
