#include "journal/checkpoint.hpp"

#include "base/checksum.hpp"
#include "base/hooks.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

std::string to_chunk(std::string_view records) {
  std::string chunk;
  chunk.reserve(records.size() + checksum_bytes);
  put_checksum(chunk, crc32c(records));
  chunk += records;
  return chunk;
}
std::string_view from_chunk(std::string_view chunk) {
  source in(chunk);
  auto sum = take_checksum(in);
  if (crc32c(in.rest()) != sum) throw malformed("a chunk of history has a wrong checksum");
  return in.rest();
}
std::uint64_t count_records(std::string_view records) {
  std::uint64_t n = 0;
  for (source in(records); !in.done(); ++n) (void)in.text();
  return n;
}

}  // namespace

void add_checkpoint(batch& b, run_state& s, std::string_view records, std::uint64_t first_record,
                    run_counters& counters) {
  if (!records.empty()) b.put(keys::history(s.run, first_record), to_chunk(records));
  if (first_record == 0) b.put(keys::id(namespace_of(s), s.id, s.run), {});
  auto wake = wake_of(s);
  if (wake != s.indexed_wake) {
    if (s.indexed_wake != run_state::no_wake && !STET_SEEDED(keep_old_timer))
      b.erase(keys::timer(s.indexed_wake, s.run));
    if (wake != run_state::no_wake && !STET_SEEDED(lose_timer)) b.put(keys::timer(wake, s.run), {});
    s.indexed_wake = wake;
  }
  add_index_changes(b, s, counters);
  std::string snapshot;
  encode(snapshot, s);
  b.put(keys::snapshot(s.run), std::move(snapshot));
}

void erase_checkpoints(batch& b, const run_state& s, run_counters& counters) {
  b.erase(keys::snapshot(s.run));
  b.erase_range(keys::history(s.run, 0), keys::end_of(keys::history(s.run, UINT64_MAX)));
  b.erase(keys::id(namespace_of(s), s.id, s.run));
  if (s.indexed_wake != run_state::no_wake) b.erase(keys::timer(s.indexed_wake, s.run));
  erase_index(b, s, counters);
}

std::optional<run_state> read_snapshot(store& s, run_number run) {
  auto bytes = s.get(keys::snapshot(run));
  if (!bytes) return std::nullopt;
  auto state = decode_run_state(*bytes);
  if (state.run != run)
    throw malformed("the snapshot of run " + std::to_string(run.value()) + " is another run's");
  return state;
}

std::optional<run_state> read_latest_snapshot(store& s, run_number run) {
  auto state = read_snapshot(s, run);
  // A chunk and the snapshot that counts its records are written in one commit.
  if (state && s.get(keys::history(run, state->records)))
    throw malformed("the snapshot of run " + std::to_string(run.value()) +
                    " is older than its history: only the latest one will do");
  return state;
}

std::string read_history(store& s, run_number run, std::uint64_t count) {
  std::string records;
  if (count == 0) return records;  // a new run
  std::uint64_t found = 0;
  auto from = keys::history(run, 0), to = keys::history(run, count);
  scan(s, {from, to}, [&](std::string_view key, std::string_view chunk) {
    if (keys::last_number(key) != found)
      throw malformed("the history lacks the records from " + std::to_string(found));
    auto part = from_chunk(chunk);
    found += count_records(part);
    records += part;
    return true;
  });
  if (found != count)
    throw malformed("the history has " + std::to_string(found) + " records of " +
                    std::to_string(count));
  return records;
}

std::optional<run_number> read_latest_run(store& s, std::string_view name_space,
                                          std::string_view id, run_number below) {
  std::optional<run_number> run;
  auto from = keys::id_prefix(name_space, id), to = keys::id(name_space, id, below);
  scan(s, {from, to, !STET_SEEDED(oldest_for_latest)}, [&](std::string_view key, std::string_view) {
    run = keys::parse_id(key).run;
    return false;
  });
  return run;
}

}  // namespace detail
}}  // namespace stet::v0
