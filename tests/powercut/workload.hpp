// The batches that are committed to the store, and the check that it holds exactly some number of
// them.
#pragma once
#include <string>

#include <stet/store.hpp>

namespace stet_powercut {

/// Commits batch number `n` (from 1). Each batch puts a key with a value, small or of 200 kB,
/// writes its number under another key, and erases all keys but the latest ten. So the store shows
/// which batch was the last, and whether a batch is missing or only partly there.
void commit_number(stet::store& s, int n, stet::durability d);

/// The state of a store: the number of the last batch (0 if there is none), and what is wrong with
/// it.
struct state {
  int last = 0;
  std::string wrong;
};
state read_state(stet::store& s);

}  // namespace stet_powercut
