// What tests see of an engine from inside.
#pragma once
#include "engine/core.hpp"
#include "tests/support/world.hpp"

namespace stet { inline namespace v0 { namespace detail {
struct engine_probe {
  static std::size_t runs_in_memory(engine_core& e) { return e.runs_.size(); }
  static std::size_t timers(engine_core& e) { return e.timers_.size(); }
};
}}}  // namespace stet::v0::detail

namespace stet_tests {

inline std::size_t in_memory(stet::engine& e) {
  return stet::detail::engine_probe::runs_in_memory(e.internals());
}

inline std::size_t timers_in_memory(stet::engine& e) {
  return stet::detail::engine_probe::timers(e.internals());
}

}  // namespace stet_tests
