// The process that the faults hit: one life of an engine with a script of the crash suite.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <stet/store.hpp>

namespace stet_faults {

/// "lmdb", "lmdb-log", "rocksdb", "sqlite": those that were built, with small logs, so that a short
/// life does everything that a long one does.
const std::vector<std::string>& store_kinds();
std::unique_ptr<stet::store> open_kind(const std::string& kind, const std::string& path);

struct life_setup {
  std::string kind = "lmdb", store, facts, script;
  int life = 0;
  std::size_t resident = 0;
  unsigned threads = 2;
};

/// Reads main's arguments after "worker", and writes them.
life_setup parse_life(int count, char** texts);
std::vector<std::string> to_arguments(const life_setup& l);

/// Runs the life. Returns the process's exit code: 0 if the script is performed and the engine
/// closed, 3 if an error came out.
int live(const life_setup& l);

/// arm_faults: from here on, the shim counts, and so does a tracer. disarm_faults: no call fails
/// any more.
void arm_faults() noexcept;
void disarm_faults() noexcept;

}  // namespace stet_faults
