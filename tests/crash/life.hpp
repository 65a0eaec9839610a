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
  std::uint64_t log_bytes;  // for a store in a file
  file_store store = file_store::lmdb;
};
const std::vector<config>& configs();

/// Switches on a fault in the engine, by its name in hooks.hpp. Throws std::invalid_argument if
/// there is no such fault.
void seed_fault(const std::string& name);
/// Prints the names of all such faults, one a line.
void print_faults();

/// Where a trial keeps its files.
struct place {
  std::string store;  // a file; the store in memory has none
  std::string facts;
  std::shared_ptr<stet::memory::contents> contents;
};

enum class life_end {
  finished,  // the script was performed, and the engine closed
  killed,
  stuck,   // it took too long
  broken,  // an exception came out, or the process died by itself
};

/// Opens the store of a place, as an engine of this configuration does.
std::unique_ptr<stet::store> open_store(const config& c, const place& p);
/// A copy of the store as it is now. Looking at the copy leaves the files as the crash left them
/// for the next life.
std::unique_ptr<stet::store> open_copy(const config& c, const place& p);

/// Runs one life. With a store in a file, it is a forked process that is killed by SIGKILL at its
/// `kill_at`th failpoint (0: never). With the store in memory, it is an engine whose store takes no
/// commits from that failpoint on.
life_end live(const config& c, const place& p, int life, unsigned kill_at,
              const std::function<void(stet::engine&)>& perform);

}  // namespace stet_crash
