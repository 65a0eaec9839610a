// What the store is made to do, and what it must hold after any number of it.
#pragma once
#include <string>

#include <stet/store.hpp>

namespace stet_powercut {

/// Commits batch number `n` (from 1). Each puts a key, small or of 200 kB, says in another which
/// was the last, and erases what is older than the latest ten: so that the state tells which batch
/// was the last, and a batch that is there in part or one that is left out shows.
void commit_number(stet::store& s, int n, stet::durability d);

/// What a store holds: the number of the last batch (0: none), and what isn't as it must be then.
struct state {
  int last = 0;
  std::string wrong;
};
state read_state(stet::store& s);

}  // namespace stet_powercut
