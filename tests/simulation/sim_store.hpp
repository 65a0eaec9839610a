// The simplest store on a simulated disk: a log of commits, each with its length, number and
// checksum.
#pragma once
#include <map>
#include <optional>
#include <string>

#include <stet/store.hpp>

#include "simulation/sim_disk.hpp"

namespace stet_simulation {

class sim_store final : public stet::store {
 public:
  /// Reads the log as far as it is whole, and writes it again: a process may see data that isn't on
  /// the disk yet.
  sim_store(sim_disk& d, dice& luck);
  std::optional<std::string> get(std::string_view key) override;
  void scan(const stet::scan_range& range, stet::visitor& v) override;
  void commit(const stet::batch& b, stet::durability d) override;
  void close() override { closed_ = true; }
  stet::store_info info() const override { return {.scheme = "simulated", .path = ""}; }

 private:
  [[noreturn]] void fail(const char* what, stet::errc code, stet::commit_outcome o) const;
  [[noreturn]] void refuse() const;
  void check_read();
  void check_expectations(const stet::batch& b) const;
  bool append(const std::string& body, bool flush_fails);
  bool take(std::string_view log);
  void apply(std::string_view body);

  sim_disk& disk_;
  dice& luck_;
  std::map<std::string, std::string, std::less<>> keys_;
  std::size_t end_ = 0;       // of the log
  std::uint64_t number_ = 0;  // of the last commit
  bool closed_ = false, poisoned_ = false;
};

}  // namespace stet_simulation
