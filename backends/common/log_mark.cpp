#include "log_mark.hpp"

#include <cstring>

#include "log_record.hpp"

namespace stet { inline namespace v0 { namespace backend {
namespace {

// On disk, never renumber: version, in use, id, sequence.
constexpr std::uint64_t kMarkVersion = 1;
constexpr std::size_t kMarkWords = 4;

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
  for (std::uint64_t word : {kMarkVersion, std::uint64_t{m.in_use}, m.id, m.sequence}) {
    for (int i = 0; i < 8; ++i) text += static_cast<char>(word >> (8 * i) & 0xff);
  }
  return text;
}

log_mark read_mark(store& inner, bool& is_there) {
  auto text = inner.get(mark_key());
  is_there = text.has_value();
  if (!text) return {};
  std::uint64_t words[kMarkWords] = {};
  for (std::size_t i = 0; i < text->size() && i < 8 * kMarkWords; ++i) {
    words[i / 8] |= std::uint64_t{static_cast<unsigned char>((*text)[i])} << (8 * (i % 8));
  }
  if (text->size() != 8 * kMarkWords || words[0] != kMarkVersion) {
    auto info = inner.info();
    fail_log(info, info.path, "what it says about its log can't be read; a newer Stet's?");
  }
  return {words[1] != 0, words[2], words[3]};
}

void fail_log(const store_info& inner, const std::string& path, std::string_view text) {
  throw store_error(errc::corrupt, inner.scheme + " open", path, 0, text, commit_outcome::refused);
}

namespace {

/// Left by a process that ended while it made a log or after it had closed one.
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
