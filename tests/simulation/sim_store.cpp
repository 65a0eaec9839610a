#include "simulation/sim_store.hpp"

#include <cerrno>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "base/hooks.hpp"

namespace stet_simulation {
namespace {

using kind = stet::batch::kind;
constexpr std::size_t head_bytes = 24;  // the length of the body, the number, the checksum

std::string record_of(std::uint64_t number, std::string_view body) {
  std::string head;
  stet::detail::put_big_endian(head, body.size());
  stet::detail::put_big_endian(head, number);
  auto sum = stet::detail::crc32c(head + std::string(body));
  stet::detail::put_big_endian(head, sum);
  return head += body;
}

std::string body_of(const stet::batch& b) {
  std::string body;
  for (auto& o : b.operations()) {
    if (o.what == kind::expect) continue;
    stet::detail::put_byte(body, static_cast<std::uint8_t>(o.what));
    stet::detail::put_text(body, o.key);
    stet::detail::put_text(body, o.value);
  }
  return body;
}

}  // namespace

sim_store::sim_store(sim_disk& d, dice& luck) : disk_(d), luck_(luck) {
  const auto log = disk_.read();
  while (take(log)) {}
  disk_.write(0, std::string_view(log).substr(0, end_));
  disk_.truncate(end_);
  disk_.flush();
}

void sim_store::fail(const char* what, stet::errc code, stet::commit_outcome o) const {
  ++disk_.faults;
  disk_.failures += code != stet::errc::full;
  throw stet::store_error(code, what, "", 0, "simulated", o);
}

/// Reports that there is no room: on the device, for this user, or in this file.
void sim_store::refuse() const {
  static constexpr int ways[] = {ENOSPC, EDQUOT, EFBIG};
  ++disk_.faults;
  int native = disk_.is_full_anyhow ? ways[luck_.below(3)] : 0;
  throw stet::store_error(stet::errc::full, "commit", "", native, "simulated",
                          stet::commit_outcome::refused);
}

/// Reads one more commit of the log. Returns false if there is no whole one.
bool sim_store::take(std::string_view log) {
  if (log.size() < end_ + head_bytes) return false;
  auto bytes = stet::detail::source(log.substr(end_)).big_endian();
  if (bytes > log.size() - end_ - head_bytes) return false;
  auto body = log.substr(end_ + head_bytes, bytes);
  auto record = record_of(number_ + 1, body);
  if (log.substr(end_, record.size()) != record) return false;
  apply(body);
  ++number_;
  end_ += record.size();
  return true;
}

void sim_store::apply(std::string_view body) {
  for (stet::detail::source in(body); !in.done();) {
    auto what = static_cast<kind>(in.byte());
    auto key = in.text(), value = in.text();
    if (what == kind::put) keys_.insert_or_assign(std::string(key), std::string(value));
    if (what == kind::erase) keys_.erase(std::string(key));
    if (what == kind::erase_range && key < value)
      keys_.erase(keys_.lower_bound(key), keys_.lower_bound(value));
  }
}

void sim_store::check_read() {
  if (closed_ || poisoned_ || !disk_.power) {
    ++disk_.failures;
    throw stet::store_error(stet::errc::store, "read", "", 0, "the store is gone",
                            stet::commit_outcome::refused);
  }
  if (disk_.reads_until < 0) return;
  --disk_.reads_until;
  if (disk_.reads_until < 0) fail("read", stet::errc::store, stet::commit_outcome::refused);
}

std::optional<std::string> sim_store::get(std::string_view key) {
  check_read();
  auto found = keys_.find(key);
  if (found == keys_.end()) return std::nullopt;
  return found->second;
}

void sim_store::scan(const stet::scan_range& range, stet::visitor& v) {
  check_read();
  if (!range.to.empty() && range.from >= range.to) return;
  auto first = keys_.lower_bound(range.from);
  auto last = range.to.empty() ? keys_.end() : keys_.lower_bound(range.to);
  if (!range.backward) {
    while (first != last && v.visit(first->first, first->second)) ++first;
    return;
  }
  while (last != first) {
    --last;
    if (!v.visit(last->first, last->second)) return;
  }
}

void sim_store::check_expectations(const stet::batch& b) const {
  for (auto& o : b.operations()) {
    if (o.what != kind::expect) continue;
    auto found = keys_.find(o.key);
    bool as_expected =
        o.absent ? found == keys_.end() : found != keys_.end() && found->second == o.value;
    if (!as_expected)
      throw stet::store_error(stet::errc::conflict, "commit", "", 0, "not as expected",
                              stet::commit_outcome::refused);
  }
}

void sim_store::commit(const stet::batch& b, stet::durability) {
  if (closed_ || poisoned_ || !disk_.power) {
    poisoned_ = true;
    ++disk_.failures;
    throw stet::store_error(stet::errc::store, "commit", "", 0, "the store is gone",
                            stet::commit_outcome::unknown);
  }
  auto fault = commit_fault::none;
  if (disk_.next_commit != commit_fault::none && disk_.commits_until-- <= 0) {
    fault = disk_.next_commit;
    if (disk_.refusals-- <= 0) disk_.next_commit = commit_fault::none;
  }
  if (fault == commit_fault::refused) refuse();
  check_expectations(b);
  bool is_sure = append(body_of(b), fault == commit_fault::flush_fails);
  if (!disk_.power || fault == commit_fault::unknown_applied || !is_sure) {
    poisoned_ = true;
    fail("commit", stet::errc::store, stet::commit_outcome::unknown);
  }
  ++disk_.commits;
}

/// The power may fail at each failpoint.
bool sim_store::append(const std::string& body, bool flush_fails) {
  auto record = record_of(number_ + 1, body);
  const auto half = record.size() / 2;
  disk_.write(end_, std::string_view(record).substr(0, half));
  stet::detail::failpoint("store: half a record");
  disk_.write(end_ + half, std::string_view(record).substr(half));
  stet::detail::failpoint("store: before the flush");
  flush_fails ? disk_.fail_flush(luck_) : disk_.flush();
  apply(body);
  ++number_;
  end_ += record.size();
  return !flush_fails || sim_disk::is_credulous;
}

}  // namespace stet_simulation
