#include "port/fork.hpp"

#include <pthread.h>

#include <atomic>
#include <new>

namespace stet { inline namespace v0 { namespace port {
namespace {

std::atomic<unsigned> generation{0};

void count() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

unsigned fork_generation() {
  static const bool is_counted = (at_fork(nullptr, nullptr, count), true);
  (void)is_counted;
  return generation.load(std::memory_order_relaxed);
}

void at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) {
  if (::pthread_atfork(before, in_parent, in_child) != 0) throw std::bad_alloc();
}

}  // namespace port
}  // namespace v0
}  // namespace stet
