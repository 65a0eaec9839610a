#include "simulation/sim_disk.hpp"

#include <algorithm>
#include <utility>

namespace stet_simulation {

/// A sector as a process sees it, filled up with zeros.
std::string sim_disk::sector(std::size_t n) const {
  if (auto at = unflushed_.find(n); at != unflushed_.end()) return at->second;
  if (auto at = forgotten_.find(n); at != forgotten_.end()) return at->second;
  auto bytes = n * sector_bytes < medium_.size() ? medium_.substr(n * sector_bytes, sector_bytes)
                                                 : std::string();
  bytes.resize(sector_bytes);
  return bytes;
}

void sim_disk::put(std::size_t n, const std::string& bytes) {
  medium_.resize(std::max(medium_.size(), (n + 1) * sector_bytes));
  medium_.replace(n * sector_bytes, sector_bytes, bytes);
}

std::string sim_disk::read() const {
  auto sectors = medium_.size() / sector_bytes;
  if (!unflushed_.empty()) sectors = std::max(sectors, unflushed_.rbegin()->first + 1);
  if (!forgotten_.empty()) sectors = std::max(sectors, forgotten_.rbegin()->first + 1);
  std::string all;
  for (std::size_t n = 0; n < sectors; ++n) all += sector(n);
  return all;
}

void sim_disk::write(std::size_t at, std::string_view bytes) {
  while (power && !bytes.empty()) {
    auto n = at / sector_bytes, skip = at % sector_bytes;
    auto count = std::min(bytes.size(), sector_bytes - skip);
    auto whole = sector(n);
    whole.replace(skip, count, bytes.substr(0, count));
    forgotten_.erase(n);
    unflushed_[n] = std::move(whole);
    at += count;
    bytes.remove_prefix(count);
  }
}

void sim_disk::truncate(std::size_t end) {
  if (!power) return;
  auto n = end / sector_bytes;
  auto last = sector(n).substr(0, end % sector_bytes);
  last.resize(sector_bytes);
  unflushed_.erase(unflushed_.lower_bound(n), unflushed_.end());
  forgotten_.erase(forgotten_.lower_bound(n), forgotten_.end());
  medium_.resize(std::min(medium_.size(), n * sector_bytes));
  if (end % sector_bytes) unflushed_[n] = std::move(last);
}

void sim_disk::flush() {
  if (!power || is_deaf) return;
  for (auto& [n, bytes] : unflushed_) put(n, bytes);
  unflushed_.clear();
}

void sim_disk::fail_flush(dice& luck) {
  if (!power) return;
  for (auto& [n, bytes] : unflushed_) {
    if (luck.one_in(2)) put(n, bytes);
    else forgotten_[n] = bytes;
  }
  unflushed_.clear();
}

void sim_disk::cut(dice& luck) {
  forgotten_.clear();
  for (auto& [n, bytes] : std::exchange(unflushed_, {})) {
    auto kind = luck.below(3);
    if (kind == 0) continue;
    auto arrived = kind == 1 ? sector_bytes : sector_bytes / 2;
    auto left = sector(n);
    left.replace(0, arrived, bytes, 0, arrived);
    put(n, left);
  }
}

std::uint64_t sim_disk::hash() const {
  std::uint64_t h = 0xcbf29ce484222325;
  for (unsigned char c : read()) h = (h ^ c) * 0x100000001b3;
  return h;
}

}  // namespace stet_simulation
