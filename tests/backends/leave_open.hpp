// A store that its process leaves open.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include "tests/support/child_process.hpp"

namespace stet_tests {

/// In a process of its own: opens a store, calls `f` with it, and ends without close(). Returns
/// what `f` returned, or "fine" if that is nothing.
template <class Open, class F> std::string leave_open(Open&& open, F&& f) {
  child_process child([&](int pipe) {
    auto* s = open().release();
    if constexpr (std::is_void_v<decltype(f(*s))>) {
      f(*s);
      child_process::tell(pipe, "fine");
    } else {
      child_process::tell(pipe, f(*s));
    }
  });
  const std::string told = child.hear_all();
  CHECK(child.wait() == 0);
  return told;
}

}  // namespace stet_tests
