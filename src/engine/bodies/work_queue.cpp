#include "engine/bodies/work_queue.hpp"

#include <utility>

namespace stet { inline namespace v0 { namespace detail {

void work_queue::push(work* first) noexcept {
  while (first) {
    auto* w = static_cast<ranked_work*>(std::exchange(first, first->next));
    w->next = nullptr;
    w->first_child_ = w->sibling_ = nullptr;
    w->arrival_ = ++arrivals_;
    root_ = meld(root_, w);
    ++size_;
  }
}

ranked_work* work_queue::pop() noexcept {
  auto* w = root_;
  if (!w) return nullptr;
  root_ = meld_siblings(std::exchange(w->first_child_, nullptr));
  --size_;
  return w;
}

work* work_queue::take_all() noexcept {
  work* first = nullptr;
  work** end = &first;
  while (auto* w = pop()) {
    *end = w;
    end = &w->next;
  }
  return first;
}

ranked_work* work_queue::meld(ranked_work* a, ranked_work* b) noexcept {
  if (!a) return b;
  if (!b) return a;
  if (goes_before(*b, *a)) std::swap(a, b);
  b->sibling_ = a->first_child_;
  a->first_child_ = b;
  return a;
}

/// In pairs from the first to the last, and then all pairs from the last to the first: that makes
/// pop() logarithmic on average.
ranked_work* work_queue::meld_siblings(ranked_work* first) noexcept {
  ranked_work* pairs = nullptr;  // the last one first
  while (first) {
    auto* a = first;
    auto* b = std::exchange(a->sibling_, nullptr);
    first = b ? std::exchange(b->sibling_, nullptr) : nullptr;
    auto* pair = meld(a, b);
    pair->sibling_ = pairs;
    pairs = pair;
  }
  ranked_work* root = nullptr;
  while (pairs) {
    auto* pair = std::exchange(pairs, pairs->sibling_);
    pair->sibling_ = nullptr;
    root = meld(root, pair);
  }
  return root;
}

}}}  // namespace stet::v0::detail
