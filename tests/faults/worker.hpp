// The process that suffers: one life of an engine over a script of the crash suite's.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <stet/store.hpp>

namespace stet_faults {

/// "lmdb", "lmdb-log", "rocksdb", "sqlite": those that were built, with small logs, so that a short
/// life has all that a long one does.
const std::vector<std::string>& store_kinds();
std::unique_ptr<stet::store> open_kind(const std::string& kind, const std::string& path);

struct life_setup {
  std::string kind = "lmdb", store, facts, script;
  int life = 0;
  std::size_t resident = 0;
  unsigned threads = 2;
};

/// What main's arguments behind "worker" say, and the other way round.
life_setup parse_life(int count, char** texts);
std::vector<std::string> to_arguments(const life_setup& l);

/// Lives. Returns the process's exit code: 0 the script is performed and the engine closed, 3 an
/// error came out.
int live(const life_setup& l);

/// From here on the shim counts, and a tracer. Back: nothing fails any more.
void arm_faults() noexcept;
void disarm_faults() noexcept;

}  // namespace stet_faults
