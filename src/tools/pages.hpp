// Reads a store a piece at a time, so that the reader may call the store in between.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace detail {

using entry = std::pair<std::string, std::string>;

/// Returns the entries after the key `after` and before `to` (empty: no end), until they are
/// `bytes` long. It is at least one entry, if one exists.
inline std::vector<entry> next_page(store& s, const std::string& after, std::size_t bytes,
                                    std::string_view to = {}) {
  std::vector<entry> page;
  std::size_t size = 0;
  auto from = after + std::string(1, '\0');  // the first key that can follow it
  scan(s, {after.empty() ? std::string_view() : std::string_view(from), to},
       [&](std::string_view key, std::string_view value) {
         page.emplace_back(key, value);
         size += key.size() + value.size();
         return size < bytes;
       });
  return page;
}

/// All entries of a range, one by one.
class page_reader {
 public:
  page_reader(store& s, std::size_t page_bytes, std::string from = {}, std::string to = {})
      : store_(s), bytes_(page_bytes), after_(std::move(from)), to_(std::move(to)) {}

  /// Returns the next entry, valid until the next call; null at the end.
  const entry* next() {
    if (at_ == page_.size()) {
      page_ = next_page(store_, after_, bytes_, to_);
      at_ = 0;
      if (page_.empty()) return nullptr;
      after_ = page_.back().first;
    }
    return &page_[at_++];
  }
  template <class Wanted> const entry* next(Wanted wanted) {
    auto* e = next();
    while (e && !wanted(std::string_view(e->first))) e = next();
    return e;
  }

 private:
  store& store_;
  std::size_t bytes_;
  std::string after_, to_;
  std::vector<entry> page_;
  std::size_t at_ = 0;
};

/// A key as an error shows it: printable ASCII as it is, other bytes as \xNN.
inline std::string printable_key(std::string_view key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (char c : key) {
    auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '\\') {
      out += c;
    } else {
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace detail
}}  // namespace stet::v0
