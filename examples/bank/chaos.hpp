// bank --chaos: many transfers at once, in a process that is killed again and again. The books
// balance at every start, and at the end each transfer is whole.
#pragma once
#include <cstdint>
#include <string>

struct chaos_options {
  std::uint64_t seed = 0;
  unsigned seconds = 5;  ///< how long it kills; then open transfers may end
  std::string store;     ///< empty: lmdb, in a folder that is removed if all is well
  std::string auditor;   ///< a program that reads the store's file after each kill, or empty
  std::string broken;    ///< empty, or a negative control: see broken.cpp
};

/// Prints what happens. Returns whether all is well.
bool run_chaos(const chaos_options& o);
