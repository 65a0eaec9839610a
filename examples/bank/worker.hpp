// The process that --chaos kills: it transfers money until it is killed, or lets open transfers
// end.
#pragma once
#include <cstdint>
#include <string>

struct worker_options {
  std::string store;
  std::uint64_t seed = 0;  ///< determines the transfers
  std::string broken{};    ///< empty, or how the books become wrong: see broken.cpp
  bool finish = false;     ///< starts no new ones; waits for all, and compares each with the ledger
};

/// Returns the exit status, if it is not killed. Prints a line when it has started: the result of
/// its first audit, while the transfers of the process before it are being resumed.
int run_worker(const worker_options& w);
