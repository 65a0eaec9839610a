#include "keys/keys.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace stet { inline namespace v0 { namespace detail { namespace keys {
namespace {

constexpr char shard =
    0;  // there is one shard until there is a shared store; every key has its byte already

/// The first bytes of a key. The whole key will have about `bytes`.
std::string begin(space s, std::size_t bytes = 0) {
  std::string k;
  k.reserve(bytes);
  k.push_back(shard);
  k.push_back(static_cast<char>(s));
  return k;
}
std::string with_number(space s, std::uint64_t n) {
  auto k = begin(s);
  put_big_endian(k, n);
  return k;
}
/// The bytes of a key with two texts and a run, without the texts.
constexpr std::size_t others_bytes = 2 + 2 * 2 + 8;
/// Makes signed times sort in byte order: the sign bit is inverted.
constexpr std::uint64_t sign_bit = 1ull << 63;

source open_key(std::string_view key, space s) {
  if (key.size() < 2 || key[1] != static_cast<char>(s)) throw malformed("a key of another kind");
  return source(key.substr(2));
}

}  // namespace

void put_text(std::string& out, std::string_view text) {
  for (auto zero = text.find('\0'); zero != text.npos; zero = text.find('\0')) {
    out.append(text.substr(0, zero + 1));
    out.push_back('\xff');
    text.remove_prefix(zero + 1);
  }
  out.append(text);
  out.append("\0\1", 2);
}
std::string take_text(source& in) {
  std::string text;
  for (;;) {
    text += in.take(std::min(in.rest().find('\0'), in.left()));
    (void)in.byte();  // the zero
    auto next = in.byte();
    if (next == 1) return text;
    if (next != 0xff) throw malformed("a text in a key is not escaped");
    text.push_back(0);
  }
}
std::string journal(std::uint64_t block) { return with_number(space::journal, block); }
std::string packed(run_number last_run) { return with_number(space::packed, last_run.value()); }
std::string snapshot(run_number run) { return with_number(space::snapshot, run.value()); }
std::string owner() { return begin(space::owner); }
std::string clock() { return begin(space::clock); }
std::string format() { return "m format"; }
std::string copy_note() { return "m copy"; }

std::string aside(run_number run, record_lsn first_lsn) {
  auto k = with_number(space::aside, run.value());
  put_big_endian(k, first_lsn.value());
  return k;
}
std::string history(run_number run, std::uint64_t first_record) {
  auto k = with_number(space::history, run.value());
  put_big_endian(k, first_record);
  return k;
}
std::string timer(engine_time wake, run_number run) {
  auto k = with_number(space::timers, static_cast<std::uint64_t>(wake.value()) ^ sign_bit);
  put_big_endian(k, run.value());
  return k;
}
std::string id_prefix(std::string_view name_space, std::string_view id) {
  auto k = begin(space::ids);
  put_text(k, name_space);
  put_text(k, id);
  return k;
}
std::string id(std::string_view name_space, std::string_view id, run_number run) {
  auto k = begin(space::ids, name_space.size() + id.size() + others_bytes);
  put_text(k, name_space);
  put_text(k, id);
  put_big_endian(k, run.value());
  return k;
}
std::string state_prefix(std::string_view name_space) {
  auto k = begin(space::state);
  put_text(k, name_space);
  return k;
}
std::string name_space_of_state(std::string_view key) {
  source in(key);
  (void)in.take(begin(space::state).size());
  return take_text(in);
}
std::string index_prefix(std::string_view name_space) {
  auto k = begin(space::index);
  put_text(k, name_space);
  return k;
}
std::string index_prefix(std::string_view name_space, std::string_view attribute) {
  auto k = index_prefix(name_space);
  put_text(k, attribute);
  return k;
}
std::string index(std::string_view name_space, std::string_view attribute, std::string_view value,
                  run_number run) {
  auto k = begin(space::index, name_space.size() + attribute.size() + value.size() + others_bytes);
  put_text(k, name_space);
  put_text(k, attribute);
  k += value;
  put_big_endian(k, run.value());
  return k;
}
std::string count(std::string_view name_space, std::string_view workflow, std::uint8_t status) {
  auto k = begin(space::counts);
  put_text(k, name_space);
  put_text(k, workflow);
  put_byte(k, status);
  return k;
}
std::string sent_prefix(run_number first) { return with_number(space::sent, first.value()); }
std::string sent_prefix(run_number first, sent_kind kind, std::string_view key) {
  auto k = sent_prefix(first);
  put_byte(k, static_cast<std::uint8_t>(kind));
  put_text(k, key);
  return k;
}
std::string sent(run_number first, sent_kind kind, std::string_view key, run_number run) {
  auto k = sent_prefix(first, kind, key);
  put_big_endian(k, run.value());
  return k;
}
std::string end_of(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}
std::string all(space s) { return begin(s); }

timer_parts parse_timer(std::string_view key) {
  auto in = open_key(key, space::timers);
  engine_time wake(static_cast<std::int64_t>(in.big_endian() ^ sign_bit));
  return {wake, run_number(in.big_endian())};
}
sent_parts parse_sent(std::string_view key) {
  auto in = open_key(key, space::sent);
  sent_parts p;
  p.first = run_number(in.big_endian());
  auto kind = in.byte();
  if (kind > static_cast<std::uint8_t>(sent_kind::update))
    throw malformed("a key is of an unknown kind");
  p.kind = static_cast<sent_kind>(kind);
  p.key = take_text(in);
  p.run = run_number(in.big_endian());
  if (!in.done()) throw malformed("a key is too long");
  return p;
}
count_parts parse_count(std::string_view key) {
  auto in = open_key(key, space::counts);
  count_parts p;
  p.name_space = take_text(in);
  p.workflow = take_text(in);
  p.status = in.byte();
  if (!in.done()) throw malformed("a key is too long");
  return p;
}
id_parts parse_id(std::string_view key) {
  auto in = open_key(key, space::ids);
  id_parts p;
  p.name_space = take_text(in);
  p.id = take_text(in);
  p.run = run_number(in.big_endian());
  if (!in.done()) throw malformed("a key is too long");
  return p;
}
std::uint64_t last_number(std::string_view key) {
  if (key.size() < 10) throw malformed("a key is too short");
  return source(key.substr(key.size() - 8)).big_endian();
}
run_number last_run(std::string_view key) { return run_number(last_number(key)); }

}  // namespace keys
}  // namespace detail
}}  // namespace stet::v0
