// Leaves an object alone in a forked child, which must not even free it.
#pragma once
#include <atomic>
#include <memory>
#include <new>

namespace stet { inline namespace v0 { namespace backend {

/// Gives up `o` without running its destructor. The object stays reachable, so that leak checkers
/// don't report it.
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
