// One life of an engine on a store: it performs a script, and may be killed at a failpoint.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include <stet/memory.hpp>

#include "crash/scripts.hpp"

namespace stet_crash {

enum class home { memory, shm, disk };
enum class file_store { lmdb, rocksdb, sqlite };

struct config {
  const char* name;
  home where;
  std::size_t resident_runs_max;
  unsigned threads;
  std::size_t tail_bytes_max;
  unsigned replay_check_interval;
  std::uint64_t log_bytes;  // of the store in a file
  file_store store = file_store::lmdb;
};
const std::vector<config>& configs();

/// A fault of the engine's that is switched on, by its name in hooks.hpp. Throws
/// std::invalid_argument.
void seed_fault(const std::string& name);
/// Their names, a line each.
void print_faults();

/// Where a trial keeps its things.
struct place {
  std::string store;  // a file; a store in memory has none
  std::string facts;
  std::shared_ptr<stet::memory::contents> contents;
};

enum class life_end {
  finished,  // the script was performed, the engine closed
  killed,
  stuck,   // it took longer than anything may
  broken,  // an exception came out, or the process died by itself
};

/// Opens the store of a place, as an engine of this configuration does.
std::unique_ptr<stet::store> open_store(const config& c, const place& p);
/// The store as it is now, to look at: a copy of its files, so that what a crash left stays as it
/// is for the next life.
std::unique_ptr<stet::store> open_copy(const config& c, const place& p);

/// A life: with a store in a file, a forked process that is killed by SIGKILL at the `kill_at`th
/// failpoint it comes to (0: never); with a store in memory, an engine whose store takes no commit
/// from there on.
life_end live(const config& c, const place& p, int life, unsigned kill_at,
              const std::function<void(stet::engine&)>& perform);

}  // namespace stet_crash
