#include "journal/debts.hpp"

#include "base/checksum.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// An older build takes every value of this space for records. With this sum it finds a wrong
/// checksum, and leaves the value alone.
std::uint32_t sum_of(std::string_view body) noexcept { return ~crc32c(body); }

}  // namespace

void put_debts(batch& b, run_number run, const debts& all) {
  std::string body;
  for (auto& d : all) {
    put_byte(body, static_cast<std::uint8_t>(d.kind));
    put_varint(body, d.first.value());
    put_text(body, d.reason);
  }
  std::string value;
  put_checksum(value, sum_of(body));
  b.put(keys::aside(run, {}), value + body);
}

debts take_debts(std::string_view value) {
  source in(value);
  auto sum = take_checksum(in);
  if (sum_of(in.rest()) != sum) throw malformed("what is owed to a run has a wrong checksum");
  debts all;
  while (!in.done()) {
    auto kind = static_cast<debt_kind>(in.byte());
    if (kind < debt_kind::look || kind > debt_kind::cancel)
      throw malformed("what is owed to a run is of an unknown kind");
    auto first = run_number(in.varint());
    all.push_back({kind, first, std::string(in.text())});
  }
  if (all.empty()) throw malformed("nothing is owed to a run");
  return all;
}

void erase_debts(batch& b, run_number run) { b.erase(keys::aside(run, {})); }

bool is_of_debts(std::string_view key) {
  return key.size() == keys::aside({}, {}).size() && keys::last_number(key) == 0;
}

std::map<run_number, debts> read_debts(store& s,
                                       const std::function<void(const std::string&)>& damaged) {
  std::map<run_number, debts> all;
  auto from = keys::all(keys::space::aside), to = keys::end_of(from);
  scan(s, {from, to}, [&](std::string_view key, std::string_view value) {
    if (!is_of_debts(key)) return true;
    try {
      all[run_number(source(key.substr(from.size())).big_endian())] = take_debts(value);
    } catch (const malformed& e) {
      damaged(std::string("what is owed to a run can't be read, and is left alone: ") + e.what());
    }
    return true;
  });
  return all;
}

}  // namespace detail
}}  // namespace stet::v0
