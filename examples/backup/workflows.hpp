// The backup as workflows: one for the tree, which starts one for each file.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <stet/json.hpp>
#include <stet/stet.hpp>

#include "effects.hpp"
#include "progress.hpp"

/// The result of a backup.
struct summary {
  std::uint64_t files = 0;            ///< copied and verified
  std::uint64_t bytes = 0;            ///< in them
  std::vector<std::string> failures;  ///< the files that could not be copied, and why
  std::vector<std::string> special;   ///< left out: sockets, pipes, devices
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(summary, files, bytes, failures, special)

/// Copies the content of one folder, the first argument, to another.
inline constexpr stet::workflow<summary(std::string, std::string)> BackupTree{"backup-tree"};
/// Copies one file or symbolic link. Returns its size in bytes.
inline constexpr stet::workflow<std::uint64_t(std::string, std::string)> BackupFile{"backup-file"};

/// The surroundings of the workflows, besides their arguments. They outlive the engine.
struct surroundings {
  effect_log effects;
  progress_bar progress;
  int flaky_percent = 0;  ///< how often a copy fails, for the demonstration
};

/// Defines both workflows.
void define_backup(stet::engine& engine, surroundings& with);

/// Returns the id of a backup. Two calls with the same id are the same backup, so it is made of the
/// arguments alone.
std::string backup_id(const std::string& from, const std::string& to);
