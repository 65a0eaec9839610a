// What a forked child must not touch, not even to free it.
#pragma once
#include <atomic>
#include <memory>
#include <new>

namespace stet { inline namespace v0 { namespace backend {

/// Gives up `o` without running its destructor. Kept reachable, so that leak checkers are content.
template <class T> void abandon(std::unique_ptr<T> o) noexcept {
  struct abandoned {
    T* what;
    abandoned* next;
  };
  static std::atomic<abandoned*> all{nullptr};
  auto* a = new (std::nothrow) abandoned{o.release(), all.load()};
  while (a != nullptr && !all.compare_exchange_weak(a->next, a)) {}
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
