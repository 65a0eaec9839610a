#include "overlay.hpp"

#include <algorithm>

namespace stet { inline namespace v0 { namespace backend {
namespace {

// The bytes that a node of a map takes beside its strings, roughly.
constexpr std::size_t kNodeBytes = 128;

/// Returns true if a key is at or past `end`; an empty `end` is no limit.
bool is_beyond(std::string_view key, std::string_view end) { return !end.empty() && key >= end; }

}  // namespace

/// Visits the inner store's keys and, between them, the overlay's.
class merging_visitor final : public visitor {
 public:
  merging_visitor(const overlay& o, const scan_range& r, visitor& to)
      : first_(o.entries_.lower_bound(r.from)),
        last_(r.to.empty() ? o.entries_.end() : o.entries_.lower_bound(r.to)),
        backward_(r.backward),
        to_(to) {}

  bool visit(std::string_view key, std::string_view value) override {
    while (first_ != last_) {
      int order = key.compare(next()->first) * (backward_ ? -1 : 1);
      if (order < 0) break;
      if (!show_next()) return false;
      if (order == 0) return true;
    }
    return to_.visit(key, value) || stop();
  }
  /// Shows the overlay's keys after the inner store's last key.
  void finish() {
    while (!stopped_ && first_ != last_) show_next();
  }
  bool is_stopped() const noexcept { return stopped_; }

 private:
  overlay::entries::const_iterator next() const { return backward_ ? std::prev(last_) : first_; }
  bool show_next() {
    auto at = next();
    if (backward_) last_ = at;
    else ++first_;
    return !at->second || to_.visit(at->first, *at->second) || stop();
  }
  bool stop() noexcept {
    stopped_ = true;
    return false;
  }

  overlay::entries::const_iterator first_, last_;
  const bool backward_;
  bool stopped_ = false;
  visitor& to_;
};

overlay::prepared overlay::prepare(const batch& b) {
  prepared nodes;
  for (const auto& o : b.operations()) {
    if (o.what != batch::kind::put && o.what != batch::kind::erase) continue;
    entries one(&memory_);
    bool is_put = o.what == batch::kind::put;
    one.emplace(memory_.copy(o.key), is_put ? std::optional(memory_.copy(o.value)) : std::nullopt);
    nodes.push_back(one.extract(one.begin()));
  }
  return nodes;
}

void overlay::apply(const batch& b, prepared p) {
  auto node = p.begin();
  for (const auto& o : b.operations()) {
    switch (o.what) {
      case batch::kind::put:
      case batch::kind::erase: set(std::move(*node++)); break;
      case batch::kind::erase_range:
        if (o.key >= o.value) break;
        drop(entries_.lower_bound(o.key), entries_.lower_bound(o.value));
        hide(o.key, o.value);
        break;
      case batch::kind::expect: break;
    }
  }
}

void overlay::set(entries::node_type node) {
  auto at = entries_.lower_bound(node.key());
  if (at != entries_.end() && at->first == node.key()) { at = drop(at, std::next(at)); }
  if (!node.mapped() && is_hidden(node.key())) return;
  entries_.insert(at, std::move(node));
}

overlay::entries::iterator overlay::drop(entries::iterator first, entries::iterator last) {
  return entries_.erase(first, last);
}

void overlay::hide(std::string from, std::string to) {
  auto at = ranges_.upper_bound(from);
  if (at != ranges_.begin() && std::prev(at)->second >= from) {
    --at;
    from = at->first;
  }
  while (at != ranges_.end() && at->first <= to) {
    to = std::max(to, at->second);
    range_bytes_ -= kNodeBytes + at->first.size() + at->second.size();
    at = ranges_.erase(at);
  }
  range_bytes_ += kNodeBytes + from.size() + to.size();
  ranges_.emplace_hint(at, std::move(from), std::move(to));
}

bool overlay::is_hidden(std::string_view key) const {
  auto at = ranges_.upper_bound(key);
  return at != ranges_.begin() && key < std::prev(at)->second;
}

overlay::answer overlay::find(std::string_view key) const {
  if (auto at = entries_.find(key); at != entries_.end()) { return {true, at->second}; }
  return {is_hidden(key), std::nullopt};
}

std::vector<scan_range> overlay::parts_shown(const scan_range& range) const {
  std::vector<scan_range> parts;
  std::string_view from = range.from;
  auto at = ranges_.upper_bound(from);
  if (at != ranges_.begin() && std::prev(at)->second > from) --at;
  for (; at != ranges_.end() && !is_beyond(at->first, range.to); ++at) {
    if (from < at->first) parts.push_back({from, at->first, range.backward});
    from = at->second;
  }
  if (!is_beyond(from, range.to)) parts.push_back({from, range.to, range.backward});
  if (range.backward) std::reverse(parts.begin(), parts.end());
  return parts;
}

void overlay::scan(store& inner, const scan_range& range, visitor& v) const {
  if (!range.to.empty() && range.from >= range.to) return;
  merging_visitor merging(*this, range, v);
  for (const auto& part : parts_shown(range)) {
    inner.scan(part, merging);
    if (merging.is_stopped()) return;
  }
  merging.finish();
}

void overlay::add_to(batch& b) const {
  for (const auto& [from, to] : ranges_) b.erase_range(from, to);
  for (const auto& [key, value] : entries_) {
    if (value) b.put(std::string(key), std::string(*value));
    else b.erase(std::string(key));
  }
}

void overlay::clear() noexcept {
  entries_.clear();
  ranges_.clear();
  range_bytes_ = 0;
  memory_.clear();
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
