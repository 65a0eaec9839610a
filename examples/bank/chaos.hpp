// bank --chaos: many transfers at once, in a process that is killed again and again; the books
// balance at every start, and at the end each transfer is whole.
#pragma once
#include <cstdint>
#include <string>

struct chaos_options {
  std::uint64_t seed = 0;
  unsigned seconds = 5;  ///< of killing; then the transfers that are open may end
  std::string store;     ///< empty: lmdb, in a folder of its own that is removed when all is well
  std::string auditor;   ///< a program to read the store's file after each kill, or empty
  std::string broken;    ///< empty, or a negative control: see broken.cpp
};

/// Prints what happens. Whether all is well.
bool run_chaos(const chaos_options& o);
