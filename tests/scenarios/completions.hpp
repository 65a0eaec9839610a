// Names that all tests of non-blocking steps use.
#pragma once
#include <string>

#include "tests/support/outside.hpp"

namespace stet_tests {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<int(int)> Number{"number"};

inline constexpr cell cells[] = {
    {}, {.resident = 0}, {.threads = 2, .check = 1}, {.lmdb = true, .resident = 0, .threads = 2}};

template <class T> std::string told(const stet::outcome<T>& o) {
  if (o) return "value " + std::to_string(*o);
  auto f = o.template failed_as<stet::step_failed>();
  return f ? std::string(to_string(f->code())) + " after " + std::to_string(f->attempts()) + ": " +
                 std::string(f->message())
           : "?";
}

}  // namespace stet_tests
