// What ends a store before it is closed: a failure after which nobody knows what it holds.
#pragma once
#include <atomic>
#include <string>
#include <utility>

#include "checks.hpp"
#include "file_owner.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Thread: set by the committing thread only, asked by all.
class poison {
 public:
  /// `why` is the error that every call names from now on.
  void set(std::string why) {
    why_ = std::move(why);
    is_set_.store(true, std::memory_order_release);
  }
  bool is_set() const noexcept { return is_set_.load(std::memory_order_acquire); }
  /// Throws if it is set.
  void check(const limits& l, std::string_view what) const {
    if (is_set()) fail_poisoned(l, what, why_);
  }

 private:
  std::atomic<bool> is_set_{false};
  std::string why_;  // written before is_set_
};

/// A commit into what nobody can find again would be a lie: it is refused, and the store ends.
inline void check_in_place(const limits& l, const file_owner& owner, poison& p) {
  if (owner.is_in_place()) return;
  const std::string text = std::string(owner.noun()) +
                           " was deleted, renamed or replaced under the open store; put it back "
                           "before the store is opened again";
  p.set(text);
  throw store_error(errc::store, name_of(l, "commit"), l.path, 0, text, commit_outcome::refused);
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
