// A disk with a cache. Data that wasn't flushed may be lost or torn, or be on the disk before
// earlier data. A flush that fails forgets the data that it was to write, as in Linux.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "simulation/dice.hpp"

namespace stet_simulation {

/// The outcome of the next commit.
enum class commit_fault { none, refused, unknown_applied, flush_fails };

class sim_disk {
 public:
  /// The content as a process sees it.
  std::string read() const;
  void write(std::size_t at, std::string_view bytes);
  /// Everything past `end` is gone at once.
  void truncate(std::size_t end);
  void flush();
  /// Some of the data reaches the disk, and the rest never will. A process still sees all of it,
  /// and the next flush has nothing to do.
  void fail_flush(dice& luck);
  /// The machine loses power: each sector that wasn't flushed keeps its old or its new content, or
  /// half of each.
  void cut(dice& luck);
  std::uint64_t hash() const;

  // The faults to come.
  commit_fault next_commit = commit_fault::none;
  int commits_until = 0;        // this many commits go well before that
  int refusals = 0;             // this many more are refused after it
  int reads_until = -1;         // this many reads go well, then one fails; negative if none does
  bool power = true;            // if off, nothing reaches the disk any more
  bool is_full_anyhow = false;  // the store reports "no room" in several ways
  /// Whether no fault is about to happen.
  bool is_well() const { return power && next_commit == commit_fault::none && reads_until < 0; }
  unsigned commits = 0, faults = 0;
  unsigned failures = 0;  // those faults that stop an engine
  // Controls: mistakes that a store may make.
  static inline bool is_deaf = false;       // it doesn't flush
  static inline bool is_credulous = false;  // it flushes again after a failure, and trusts that

 private:
  static constexpr std::size_t sector_bytes = 64;
  std::string sector(std::size_t n) const;
  void put(std::size_t n, const std::string& bytes);

  std::string medium_;
  std::map<std::size_t, std::string> unflushed_, forgotten_;  // sectors
};

}  // namespace stet_simulation
