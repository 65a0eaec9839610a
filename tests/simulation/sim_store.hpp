// A store whose every outcome is the seed's: what a crash leaves, what a commit says of itself.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <stet/store.hpp>

namespace stet_simulation {

/// What the next call of a kind does.
enum class commit_fault { none, refused, unknown_applied, unknown_lost };

/// What outlives a crash, and what is to go wrong. One at a time uses it, on one thread.
struct sim_disk {
  std::map<std::string, std::string, std::less<>> keys;
  commit_fault next_commit = commit_fault::none;
  int commits_until = 0;  // so many go well before that
  int reads_until = -1;   // so many reads go well, then one fails; negative: none does
  static inline bool is_spared = false;  // a transaction reads: its failure would be the step's
  bool power = true;                     // off: nothing reaches it any more
  unsigned commits = 0, faults = 0;
  std::uint64_t hash() const;
};

class sim_store final : public stet::store {
 public:
  explicit sim_store(sim_disk& d) : disk_(d) {}
  std::optional<std::string> get(std::string_view key) override;
  void scan(const stet::scan_range& range, stet::visitor& v) override;
  void commit(const stet::batch& b, stet::durability d) override;
  void close() override { closed_ = true; }
  stet::store_info info() const override { return {.scheme = "simulated", .path = ""}; }

 private:
  [[noreturn]] void fail(const char* what, stet::errc code, stet::commit_outcome o) const;
  void check_read();
  void apply(const stet::batch& b);

  sim_disk& disk_;
  bool closed_ = false, poisoned_ = false;
};

}  // namespace stet_simulation
