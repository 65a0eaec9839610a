#include "journal/aside.hpp"

#include "base/checksum.hpp"
#include "journal/debts.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

void put_aside(batch& b, run_number run, const aside_records& records) {
  std::string body;
  for (auto& [lsn, bytes] : records) {
    put_varint(body, lsn.value());
    body += bytes;
  }
  std::string value;
  put_checksum(value, crc32c(body));
  value += body;
  b.put(keys::aside(run, records.front().first), std::move(value));
}

aside_records take_aside(std::string_view value) {
  source in(value);
  auto sum = take_checksum(in);
  if (crc32c(in.rest()) != sum)
    throw malformed("records that were put aside have a wrong checksum");
  aside_records records;
  if (in.done()) throw malformed("no records were put aside");
  while (!in.done()) {
    auto lsn = record_lsn(in.varint());
    auto before = in.rest();
    (void)in.text();
    records.emplace_back(lsn, before.substr(0, before.size() - in.left()));
  }
  return records;
}

std::map<run_number, aside_records> read_aside(
    store& s, const std::function<void(const std::string&)>& damaged) {
  std::map<run_number, aside_records> all;
  auto from = keys::all(keys::space::aside), to = keys::end_of(from);
  scan(s, {from, to}, [&](std::string_view key, std::string_view value) {
    if (is_of_debts(key)) return true;
    try {
      if (key.size() != keys::aside({}, {}).size()) throw malformed("its key has a wrong length");
      auto run = run_number(source(key.substr(from.size())).big_endian());
      auto records = take_aside(value);
      auto& of_run = all[run];
      of_run.insert(of_run.end(), std::make_move_iterator(records.begin()),
                    std::make_move_iterator(records.end()));
    } catch (const malformed& e) {
      damaged(std::string("what was put aside of a run can't be read, and is left alone: ") +
              e.what());
    }
    return true;
  });
  return all;
}

void erase_aside(batch& b, run_number run) {
  b.erase_range(keys::aside(run, record_lsn(1)), keys::end_of(keys::aside(run, record_lsn::max())));
}

run_traces traces_of(store& s, std::string_view name_space, run_number run) {
  run_traces traces;
  auto kinds = keys::index_prefix(name_space, by_kind);
  auto look = [&](std::string from) {
    auto to = keys::end_of(from);
    scan(s, {from, to}, [&](std::string_view key, std::string_view) {
      if (key.size() < from.size() + 8 || keys::last_run(key) != run) return true;
      traces.keys.emplace_back(key);
      if (!key.starts_with(kinds)) return true;
      source in(key.substr(kinds.size()));
      auto workflow = keys::take_text(in);
      traces.kind.emplace(std::move(workflow), static_cast<v0::status>(in.byte()));
      return true;
    });
  };
  look(keys::index_prefix(name_space));
  look(keys::all(keys::space::timers));
  return traces;
}

void erase_unreadable(batch& b, std::string_view name_space, std::string_view id, run_number run,
                      const run_traces& traces, run_counters& counters) {
  b.erase(keys::snapshot(run));
  b.erase_range(keys::history(run, 0), keys::end_of(keys::history(run, UINT64_MAX)));
  b.erase(keys::id(name_space, id, run));
  for (auto& key : traces.keys) b.erase(key);
  if (traces.kind) counters.add(name_space, traces.kind->first, traces.kind->second, -1);
  erase_aside(b, run);
  erase_debts(b, run);
}

}  // namespace detail
}}  // namespace stet::v0
