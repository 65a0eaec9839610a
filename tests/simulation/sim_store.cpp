#include "simulation/sim_store.hpp"

namespace stet_simulation {

std::uint64_t sim_disk::hash() const {
  std::uint64_t h = 0xcbf29ce484222325;
  auto add = [&](std::string_view s) {
    for (unsigned char c : s) h = (h ^ c) * 0x100000001b3;
    h = (h ^ s.size()) * 0x100000001b3;
  };
  for (auto& [k, v] : keys) add(k), add(v);
  return h;
}

void sim_store::fail(const char* what, stet::errc code, stet::commit_outcome o) const {
  ++disk_.faults;
  throw stet::store_error(code, what, "", 0, "simulated", o);
}

void sim_store::check_read() {
  if (closed_ || poisoned_ || !disk_.power)
    throw stet::store_error(stet::errc::store, "read", "", 0, "the store is gone",
                            stet::commit_outcome::refused);
  if (sim_disk::is_spared || disk_.reads_until < 0) return;
  --disk_.reads_until;
  if (disk_.reads_until < 0) fail("read", stet::errc::store, stet::commit_outcome::refused);
}

std::optional<std::string> sim_store::get(std::string_view key) {
  check_read();
  auto found = disk_.keys.find(key);
  if (found == disk_.keys.end()) return std::nullopt;
  return found->second;
}

void sim_store::scan(const stet::scan_range& range, stet::visitor& v) {
  check_read();
  if (!range.to.empty() && range.from >= range.to) return;
  auto first = disk_.keys.lower_bound(range.from);
  auto last = range.to.empty() ? disk_.keys.end() : disk_.keys.lower_bound(range.to);
  if (!range.backward) {
    while (first != last && v.visit(first->first, first->second)) ++first;
    return;
  }
  while (last != first) {
    --last;
    if (!v.visit(last->first, last->second)) return;
  }
}

void sim_store::commit(const stet::batch& b, stet::durability) {
  if (closed_ || poisoned_ || !disk_.power) {
    poisoned_ = true;
    throw stet::store_error(stet::errc::store, "commit", "", 0, "the store is gone",
                            stet::commit_outcome::unknown);
  }
  auto fault = commit_fault::none;
  if (disk_.next_commit != commit_fault::none && disk_.commits_until-- == 0)
    std::swap(fault, disk_.next_commit);
  if (fault == commit_fault::refused)
    fail("commit", stet::errc::full, stet::commit_outcome::refused);
  if (fault != commit_fault::unknown_lost) apply(b);
  if (fault == commit_fault::none) return;
  poisoned_ = true;
  fail("commit", stet::errc::store, stet::commit_outcome::unknown);
}

void sim_store::apply(const stet::batch& b) {
  using kind = stet::batch::kind;
  auto& keys = disk_.keys;
  for (auto& o : b.operations()) {
    if (o.what != kind::expect) continue;
    auto found = keys.find(o.key);
    bool as_expected =
        o.absent ? found == keys.end() : found != keys.end() && found->second == o.value;
    if (!as_expected)
      throw stet::store_error(stet::errc::conflict, "commit", "", 0, "not as expected",
                              stet::commit_outcome::refused);
  }
  for (auto& o : b.operations()) {
    if (o.what == kind::put) keys[std::string(o.key)] = o.value;
    if (o.what == kind::erase) keys.erase(std::string(o.key));
    if (o.what == kind::erase_range && o.key < o.value)
      keys.erase(keys.lower_bound(o.key), keys.lower_bound(o.value));
  }
  ++disk_.commits;
}

}  // namespace stet_simulation
