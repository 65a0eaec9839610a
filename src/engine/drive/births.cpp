#include "engine/drive/births.hpp"

#include "base/ensure.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr int secret_tries_max = 8;

/// Zero means that a run has no secret. If this entropy gives only zeros the machine's is used.
hash_key secret_of(entropy& e) {
  for (int i = 0; i < secret_tries_max; ++i)
    if (hash_key secret{e.secret_bits(), e.secret_bits()}; !(secret == hash_key{})) return secret;
  return {system_entropy().secret_bits(), system_entropy().secret_bits() | 1};
}

}  // namespace

run_lease births::create(record start) {
  return create(start, true, [](resident&, const record&) {});
}

run_lease births::add(const record& start) {
  ensure(start.run && !runs_.table.find(start.run), "a new run has a number that no other has");
  auto held = runs_.table.hold(runs_.table.add(start.run));
  held->state.run = start.run;  // messages need it before the first record is folded
  held->revived = true;
  return held;
}

void births::fill_in(record& start) {
  start.kind = record_kind::started;
  start.time = time_.now();
  if (auto* newest = services_.definitions.newest(start.name)) start.version = newest->version;
  start.payload_limit = static_cast<std::uint32_t>(services_.options.payload_bytes_max);
  start.seed[0] = services_.entropy.bits();
  // With the run's number: an entropy that is seeded anew at each start repeats itself.
  start.seed[1] = services_.entropy.bits() + start.run.value();
  start.secret = secret_of(services_.entropy);
  start.flags = flag::started::has_secret | flag::started::limits_names;
}

/// Whether the run can't be driven by its start now. A suspected run is driven only when its start
/// is durable: otherwise its deaths could not be counted.
bool births::waits(const record& start, bool undriven) {
  bool is_suspected = runs_.suspects.is_start_suspected(start.target);
  if (is_suspected) runs_.suspects.add_code({.run = start.run, .use = use_of(start)});
  return undriven || start.begins_at || is_suspected;
}

void births::record_undriven(resident& r, record start) {
  start.flags |= flag::event::undriven;
  std::string bytes;
  encode(bytes, start);
  recorder_.record_sealed(r, recorder_.seal(owner_of_new(start), 0, bytes));
  if (!start.begins_at) runs_.agenda.add(r);
}

}}}  // namespace stet::v0::detail
