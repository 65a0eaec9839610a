// The commits that haven't reached the inner store yet: an ordered layer over it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/store.hpp>

#include "arena.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Changes of an inner store, in memory. Seen through this layer, the store has them already.
///
/// Invariants: the ranges in ranges_ are not empty, sorted, and neither overlap nor touch; each
/// hides the inner store's keys in it. The entries in entries_ lie above both. An entry is a value,
/// or nullopt for a key that is erased; no nullopt entry lies inside a range. Applying all of it to
/// the inner store once more changes nothing, so it may be moved there while it is still read
/// through here.
/// Thread: as for a standard container, but prepare() disturbs no reader.
class overlay {
 public:
  using entries = std::pmr::map<std::string_view, std::optional<std::string_view>>;
  /// A batch's puts and erases, copied. Work that takes long or can fail is done before the lock.
  using prepared = std::vector<entries::node_type>;

  overlay() = default;
  overlay(const overlay&) = delete;
  overlay& operator=(const overlay&) = delete;

  prepared prepare(const batch& b);
  void apply(const batch& b, prepared p);
  void apply(const batch& b) { apply(b, prepare(b)); }

  /// The value of a key as far as the overlay knows.
  struct answer {
    bool known;                             ///< false: ask the inner store
    std::optional<std::string_view> value;  ///< nullopt: erased
  };
  answer find(std::string_view key) const;

  /// Visits the range as it is with these changes in `inner`. If there are erased ranges, `inner`
  /// is scanned in several parts, so nothing may change it meanwhile but a move of this overlay.
  void scan(store& inner, const scan_range& range, visitor& v) const;

  /// Adds operations that make the changes in a store, in the order of keys.
  void add_to(batch& b) const;

  bool empty() const noexcept { return entries_.empty() && ranges_.empty(); }
  /// Bytes of memory, roughly; values that were overwritten count until clear().
  std::size_t bytes() const noexcept { return memory_.bytes() + range_bytes_; }
  /// Empties the overlay: it changes nothing any more.
  void clear() noexcept;

 private:
  friend class merging_visitor;
  using erased = std::map<std::string, std::string, std::less<>>;  // from → to

  bool is_hidden(std::string_view key) const;
  void set(entries::node_type node);
  entries::iterator drop(entries::iterator first, entries::iterator last);
  void hide(std::string from, std::string to);
  std::vector<scan_range> parts_shown(const scan_range& range) const;

  arena memory_;
  entries entries_{&memory_};
  erased ranges_;
  std::size_t range_bytes_ = 0;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
