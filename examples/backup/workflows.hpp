// The backup as workflows: one for each file, under one for the tree.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <stet/json.hpp>
#include <stet/stet.hpp>

#include "effects.hpp"
#include "progress.hpp"

/// What came of a backup.
struct summary {
  std::uint64_t files = 0;            ///< copied and verified
  std::uint64_t bytes = 0;            ///< in them
  std::vector<std::string> failures;  ///< what could not be copied, and why
  std::vector<std::string> special;   ///< left out: sockets, pipes, devices
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(summary, files, bytes, failures, special)

/// Copies what is in one folder, the first, to another.
inline constexpr stet::workflow<summary(std::string, std::string)> BackupTree{"backup-tree"};
/// Copies one file or symbolic link. Returns its bytes.
inline constexpr stet::workflow<std::uint64_t(std::string, std::string)> BackupFile{"backup-file"};

/// What the workflows are given besides their arguments. It outlives the engine.
struct surroundings {
  effect_log effects;
  progress_bar progress;
  int flaky_percent = 0;  ///< how often a copy fails, for the sake of the demonstration
};

/// Tells the engine what both workflows do.
void define_backup(stet::engine& engine, surroundings& with);

/// The id of a backup. The id is what makes two calls the same backup, so it is made of the
/// arguments alone.
std::string backup_id(const std::string& from, const std::string& to);
