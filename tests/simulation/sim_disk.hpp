// A disk behind a cache: what wasn't flushed may be lost, torn, or be there before what was written
// earlier; and a flush that fails forgets what it was to write, as Linux does.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "simulation/dice.hpp"

namespace stet_simulation {

/// What the next commit does.
enum class commit_fault { none, refused, unknown_applied, flush_fails };

class sim_disk {
 public:
  /// What a process sees.
  std::string read() const;
  void write(std::size_t at, std::string_view bytes);
  /// What lies behind `end` is gone at once.
  void truncate(std::size_t end);
  void flush();
  /// Of what it was to write some reached the disk, and the rest never will: a process still sees
  /// it, and the next flush has nothing to do.
  void fail_flush(dice& luck);
  /// The machine loses power: of each sector that wasn't flushed the old, the new or half of each
  /// is left.
  void cut(dice& luck);
  std::uint64_t hash() const;

  // What is to go wrong.
  commit_fault next_commit = commit_fault::none;
  int commits_until = 0;        // so many go well before that
  int refusals = 0;             // then so many more are refused as well
  int reads_until = -1;         // so many reads go well, then one fails; negative: none does
  bool power = true;            // off: nothing reaches it any more
  bool is_full_anyhow = false;  // a commit that has no room says so in several ways
  /// Nothing is about to go wrong.
  bool is_well() const { return power && next_commit == commit_fault::none && reads_until < 0; }
  unsigned commits = 0, faults = 0;
  unsigned failures = 0;  // of those: what an engine doesn't live through
  // Controls: mistakes of a store.
  static inline bool is_deaf = false;       // it doesn't flush
  static inline bool is_credulous = false;  // it flushes again after a failure, and believes that

 private:
  static constexpr std::size_t sector_bytes = 64;
  std::string sector(std::size_t n) const;
  void put(std::size_t n, const std::string& bytes);

  std::string medium_;
  std::map<std::size_t, std::string> unflushed_, forgotten_;  // sectors
};

}  // namespace stet_simulation
