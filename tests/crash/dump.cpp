#include "crash/dump.hpp"

#include "history/block.hpp"
#include "journal/checkpoint.hpp"
#include "keys/keys.hpp"

namespace stet_crash {

using namespace stet::detail;

namespace {

/// Calls f(key, value) for every key of a space.
template <class F> void each(stet::store& s, keys::space space, F f) {
  auto from = keys::all(space), to = keys::end_of(from);
  stet::scan(s, {from, to}, [&](std::string_view key, std::string_view value) {
    f(key, value);
    return true;
  });
}

void read_snapshots(stet::store& s, dump& d) {
  std::vector<std::uint64_t> chunks;
  each(s, keys::space::snapshot, [&](std::string_view key, std::string_view value) {
    auto run = keys::last_run(key);
    auto& r = d.runs[run];
    r.state = decode_run_state(value);
    r.in_snapshot = true;
    r.indexed_wake = r.state.indexed_wake;
    if (r.state.run != run)
      d.faults.push_back("I11 snapshot " + std::to_string(run.value()) + " is another run's");
  });
  each(s, keys::space::history, [&](std::string_view key, std::string_view) {
    auto first = keys::last_number(key);
    auto run = run_number(source(key.substr(2)).big_endian());
    auto found = d.runs.find(run);
    if (found == d.runs.end() || first >= found->second.state.records)
      d.faults.push_back("I11 a chunk of run " + std::to_string(run.value()) + " from record " +
                         std::to_string(first) + " is no part of any history");
  });
  for (auto& [run, r] : d.runs) {
    try {
      r.history = read_history(s, run, r.state.records);
    } catch (const malformed& e) {
      d.faults.push_back("I6 run " + std::to_string(run.value()) + ": " + e.what());
    }
  }
}

void read_indexes(stet::store& s, dump& d) {
  each(s, keys::space::timers, [&](std::string_view key, std::string_view) {
    auto t = keys::parse_timer(key);
    d.timers.insert({t.wake, t.run});
  });
  each(s, keys::space::ids, [&](std::string_view key, std::string_view) {
    auto p = keys::parse_id(key);
    d.ids[p.run] = p.id;
  });
}

void fold_record(dump& d, const record& r, std::string_view bytes, record_lsn lsn,
                 std::set<run_number>& lost) {
  if (r.kind == record_kind::written) return;
  if (r.kind == record_kind::erased) {
    d.runs.erase(r.related);
    lost.erase(r.related);
    return;
  }
  auto found = d.runs.find(r.run);
  if (found == d.runs.end()) {
    if (r.kind != record_kind::started) {
      lost.insert(r.run);  // unless it turns out to have been erased
      return;
    }
    found = d.runs.try_emplace(r.run).first;
  }
  auto& run = found->second;
  if (lsn <= run.state.applied_lsn) return;
  try {
    apply(run.state, r, lsn);
  } catch (const malformed& e) {
    d.faults.push_back("I1 run " + std::to_string(r.run.value()) + ", LSN " +
                       std::to_string(lsn.value()) + ": " + e.what());
  }
  run.history += bytes;
}

void read_journal(stet::store& s, dump& d) {
  auto expected = d.marks.first_block;
  record_lsn lsn;
  std::set<run_number> lost;
  each(s, keys::space::journal, [&](std::string_view key, std::string_view value) {
    ++d.blocks;
    auto number = keys::last_number(key);
    if (number != expected)
      d.faults.push_back("I1 block " + std::to_string(expected) + " is missing");
    expected = number + 1;
    auto head = open_block(value, number);
    if (lsn && head.first_lsn != lsn + 1) d.faults.push_back("I1 the journal has a gap");
    lsn = head.first_lsn - 1;
    for (source in(records_of(value)); !in.done();) {
      auto before = in.rest();
      auto r = decode_record(in);
      fold_record(d, r, before.substr(0, before.size() - in.left()), ++lsn, lost);
    }
    if (lsn + 1 != head.first_lsn + head.count) d.faults.push_back("I1 a block counts wrong");
  });
  for (auto run : lost)
    d.faults.push_back("I1 the journal goes on with run " + std::to_string(run.value()) +
                       ", whose beginning is lost");
}

}  // namespace

const stored_run* dump::find(std::string_view id) const {
  const stored_run* latest = nullptr;
  for (auto& [run, r] : runs)
    if (r.state.id == id) latest = &r;
  return latest;
}

dump read_dump(stet::store& s) {
  dump d;
  try {
    if (auto o = s.get(keys::owner())) d.marks = decode_marks(*o);
    read_snapshots(s, d);
    read_indexes(s, d);
    read_journal(s, d);
  } catch (const std::exception& e) {
    d.faults.push_back(std::string("I17 the store can't be read: ") + e.what());
  }
  return d;
}

std::vector<record> history_records(const stored_run& r) {
  std::vector<record> records;
  for (source in(r.history); !in.done();) records.push_back(decode_record(in));
  return records;
}

std::string key_of(const stored_run& r, command_number command) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string key;
  for (auto half : r.state.seed)
    for (int shift = 60; shift >= 0; shift -= 4) key.push_back(digits[half >> shift & 15]);
  return key + "-" + std::to_string(command.value());
}

}  // namespace stet_crash
