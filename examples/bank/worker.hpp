// The process that --chaos kills: it transfers money until it is killed, or lets what is open end.
#pragma once
#include <cstdint>
#include <string>

struct worker_options {
  std::string store;
  std::uint64_t seed = 0;  ///< which transfers there are
  std::string broken{};    ///< empty, or how: see broken.cpp
  bool finish = false;     ///< no new ones; wait for all, and hold each against the ledger
};

/// Returns the exit status, if it is not killed. Prints a line for its start: what its first audit
/// found, while the transfers of the process before it are being resumed.
int run_worker(const worker_options& w);
