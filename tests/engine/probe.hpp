// The inner parts of an engine, for tests.
#pragma once
#include "engine/loop/core.hpp"
#include "tests/support/world.hpp"

namespace stet_tests {

inline std::size_t in_memory(stet::engine& e) {
  return e.internals().parts.runs.table.all().size();
}

inline std::size_t timers_in_memory(stet::engine& e) {
  return e.internals().parts.time.timers.size();
}

}  // namespace stet_tests
