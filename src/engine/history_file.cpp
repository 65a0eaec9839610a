// Histories outside of their store.
#include <stet/history_file.hpp>

#include "base/crc32c.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

constexpr std::string_view magic = "stet history 1";
constexpr std::size_t fields = 8;

}  // namespace

std::string engine_core::export_history(run_ref of) {
  of.run = latest_run(of.name_space, of.id);
  auto r = must_find(of);
  answer_lsn_ = r->last_lsn;
  auto history = stored_history_of(*r);  // sealed, if there are transforms
  std::string out;
  auto& s = r->state;
  writer w(out);
  w.array(fields);
  w.text(magic);
  w.text(namespace_of(s));
  w.text(s.id);
  w.text(s.workflow);
  w.text(s.version);
  w.natural(s.run);
  w.natural(crc32c(history));
  w.bytes(history);
  return out;
}

parked_run engine_core::replay_history(std::string_view exported) {
  if (phase_ != phase::made)
    throw error(errc::usage, "replay_history", "an engine that is started replays its own runs");
  parked_run p;
  std::string history;
  std::uint64_t sum = 0;
  try {
    reader in(exported);
    if (in.array() != fields || in.text() != magic) in.fail("an exported history");
    p.name_space = in.text();
    p.id = in.text();
    p.workflow = in.text();
    p.version = in.text();
    p.run = in.natural();
    sum = in.natural();
    history = in.bytes();
    in.end();
  } catch (const error& e) { throw error(errc::corrupt, "replay_history", e.what()); }
  if (sum != crc32c(history))
    throw error(errc::corrupt, "replay_history",
                "the history of the run " + shown(p.id) + " is damaged: its checksum is wrong");
  tick();
  run_state s;
  s.name_space = as_stored(p.name_space);
  s.run = p.run;
  s.id = p.id;
  s.workflow = p.workflow;
  s.version = p.version;
  try {
    source in(history);
    auto started = decode_record(in);
    s.seed[0] = started.seed[0];
    s.seed[1] = started.seed[1];
    payloads_.open_for_replay(history, owner_of(s));
  } catch (const malformed& e) { throw error(errc::corrupt, p.id, e.what()); }
  auto* d = definitions_.find(p.workflow, p.version);
  p.reason = d ? misfit(*d, s, history) : definitions_.why_missing(p.workflow, p.version);
  return p;
}

}  // namespace detail

std::string export_history(engine& e, std::string_view id, std::string_view name_space) {
  auto& core = e.internals();
  return core.look(
      [&](detail::engine_core& from) { return from.export_history({0, name_space, id}); });
}
parked_run replay_history(engine& e, std::string_view exported) {
  return e.internals().replay_history(exported);
}

}}  // namespace stet::v0
