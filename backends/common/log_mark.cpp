#include "log_mark.hpp"

#include "base/crc32c.hpp"
#include "log_record.hpp"

namespace stet { inline namespace v0 { namespace backend {
namespace {

// On disk, never renumber: version, in use, id, sequence; since version 2 also the checksum of
// those.
constexpr std::uint64_t kBareMarkVersion = 1, kMarkVersion = 2;
constexpr std::size_t kMarkWords = 4, kMarkBytes = 8 * kMarkWords, kSumBytes = 4;

std::uint64_t number_at(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    n |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
  return n;
}
void put_number(std::string& text, std::uint64_t n, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(n >> (8 * i) & 0xff);
}
bool is_right(std::string_view text) {
  if (text.size() == kMarkBytes) return number_at(text, 0, 8) == kBareMarkVersion;
  return text.size() == kMarkBytes + kSumBytes && number_at(text, 0, 8) == kMarkVersion &&
         number_at(text, kMarkBytes, kSumBytes) == detail::crc32c(text.substr(0, kMarkBytes));
}

}  // namespace

const std::string& mark_key() {
  static const std::string key = [] {
    constexpr std::string_view name = "\xff\xff stet log ";
    std::string k(511, '\xff');
    return k.replace(0, name.size(), name);
  }();
  return key;
}

std::string encode_mark(const log_mark& m) {
  std::string text;
  for (std::uint64_t word : {kMarkVersion, std::uint64_t{m.in_use}, m.id, m.sequence})
    put_number(text, word, 8);
  put_number(text, detail::crc32c(text), kSumBytes);
  return text;
}

log_mark read_mark(store& inner, bool& is_there) {
  auto text = inner.get(mark_key());
  is_there = text.has_value();
  if (!text) return {};
  if (!is_right(*text)) {
    auto info = inner.info();
    fail_log(info, info.path,
             "what it says about its log is damaged, or a newer Stet's: restore it from a backup, "
             "with its log");
  }
  return {number_at(*text, 8, 8) != 0, number_at(*text, 16, 8), number_at(*text, 24, 8)};
}

void fail_log(const store_info& inner, const std::string& path, std::string_view text) {
  throw store_error(errc::corrupt, inner.scheme + " open", path, 0, text, commit_outcome::refused);
}

namespace {

/// Returns true for a log left by a process that ended while it made the log, or after it closed
/// one.
bool is_leftover(const std::string& log, std::uint64_t id, const log_mark& m) {
  if (id != 0) return id == m.id || !record_at(log, log_header_bytes);
  return log.find_first_not_of('\0') == std::string::npos;
}

}  // namespace

std::unique_ptr<log_file> open_marked_log(const std::string& path, const store_info& inner,
                                          const log_mark& m) {
  auto log = log_file::open(inner.scheme, path);
  if (log == nullptr) {
    if (!m.in_use) return nullptr;
    fail_log(inner, path,
             "the log is gone, and it has commits that " + inner.path +
                 " lacks: put it back beside that file");
  }
  const std::string bytes = log->read();
  if (m.in_use) {
    if (log->id() == m.id) return log;
    fail_log(inner, path, "it is not the log of " + inner.path + ": put that back");
  }
  if (!is_leftover(bytes, log->id(), m)) {
    fail_log(inner, path,
             "it is not the log of " + inner.path +
                 ", which needs none: move it away, to the store that it belongs to");
  }
  log->remove();
  return nullptr;
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
