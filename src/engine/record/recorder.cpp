#include "engine/record/recorder.hpp"

#include <source_location>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// Records that were made for a run don't fit it. That is the engine's own mistake, and stops it.
[[noreturn]] void fail_fold(const malformed& e) {
  auto what = "a record that is made fits its run's history: " + std::string(e.what());
  fail_invariant(what.c_str(), std::source_location::current());
}

}  // namespace

std::string_view recorder::seal(const payload_owner& of, std::uint64_t number,
                                std::string_view plain) {
  if (services_.payloads.leaves_alone(plain)) return plain;
  sealed_.clear();
  for (source in(plain); !in.done(); ++number) {
    auto rec = decode_record(in);
    kept_texts kept;
    services_.payloads.seal(rec, of, number, kept);
    encode(sealed_, rec);
  }
  return sealed_;
}

void recorder::record_sealed(resident& r, std::string_view records, sealed_writes writes,
                             const record* first) {
  try {
    fold(r, records, std::move(writes), first);
  } catch (const malformed& e) { fail_fold(e); }
}

void recorder::fold(resident& r, std::string_view records, sealed_writes writes,
                    const record* first) {
  std::uint32_t count = 0;
  auto lsn = journal_.last_lsn();
  auto add = [&](const record& rec) {
    note_orphans(r.state, rec);
    apply(r.state, rec, ++lsn);
    keep_timers(r.state, rec);
    ++count;
  };
  source in(records);
  if (first) {
    (void)in.text();
    add(*first);
  }
  while (!in.done()) add(decode_record(in));
  runs_.unsaved.add(r, journal_.last_lsn() + 1);
  r.last_lsn = journal_.append(records, count);
  ensure(r.last_lsn == lsn, "the journal counts records as the run does");
  ensure(r.state.applied_lsn == lsn, "a run has all of its records");
  if (!writes.empty()) tables_.stage(std::move(writes), journal_.extra_writes());
  r.unsaved += records;
  if (!r.watchers.empty()) runs_.changed.push_back(r.state.run);
}

/// A record may begin or end a wait for a time.
void recorder::keep_timers(run_state& s, const record& rec) {
  auto& timers = time_.timers;
  if (!s.open()) return timers.forget(s.run);
  switch (rec.kind) {
    case record_kind::sleep:
      timers.add(time_.due.next_look(*s.find(rec.command)), s.run, timer_owner(rec.command));
      break;
    case record_kind::timer_fired:
    case record_kind::cancelled:
    case record_kind::attempt:
    case record_kind::step_failed: timers.remove(s.run, timer_owner(rec.command)); break;
    default: break;
  }
}

void recorder::append(resident& r, std::string_view plain, sealed_writes writes) {
  record_sealed(r, seal(owner_of(r.state), r.state.records, plain), std::move(writes));
}

void recorder::append_note(resident& r, record n) {
  n.run = r.state.run;
  std::string bytes;
  encode(bytes, n);
  append(r, bytes);
}

void recorder::append_note_surely(resident& r, record n) {
  surely(n, [&](const record& e) { append_note(r, e); });
}

record_lsn recorder::append_own(record r) {
  r.time = time_.now();
  std::string bytes;
  encode(bytes, r);
  return journal_.append(bytes, 1);
}

void recorder::post_event(resident& r, record e, sealed_writes writes) {
  e.flags |= flag::event::undriven;
  e.run = r.state.run;
  e.time = time_.now();
  std::string bytes;
  encode(bytes, e);
  append(r, bytes, std::move(writes));
  if (r.frame) r.frame->replay_cursor.queue(bytes);
  if (!r.state.stalled) runs_.agenda.add(r);
}

void recorder::post_event_surely(resident& r, record e) {
  surely(e, [&](const record& some) { post_event(r, some); });
}

void recorder::report_lost_text(const users_exception& why) {
  services_.reporter.report(event_kind::payload_failed,
                            words_of(why.thrown()) + "; it is recorded without it");
}

void recorder::strip(record& e) {
  if (!e.payload.empty() && !e.error_type.empty()) e.error_type = "stet::error";  // its own is lost
  payloads::strip(e);
}

run_state recorder::state_after(const run_state& s, std::string_view records) const {
  run_state after;
  try {
    if (s.records > 0) {
      std::string bytes;
      encode(bytes, s);
      after = decode_run_state(bytes);
    }
    auto lsn = journal_.last_lsn();
    for (source in(records); !in.done();) apply(after, decode_record(in), ++lsn);
  } catch (const malformed& e) { fail_fold(e); }
  return after;
}

/// Notes which children become orphans by a record that is about to be folded.
void recorder::note_orphans(run_state& s, const record& rec) {
  if (STET_SEEDED(lose_orphans)) return;
  auto note = [&](const pending& p, bool ends, const char* why) {
    orphans.push_back({p.child, std::string(namespace_of(s)), p.target, ends, why});
  };
  if (rec.kind == record_kind::cancelled) {
    auto* p = s.waits_for.find(rec.command);
    if (p && p->kind == wait_kind::child)
      note(*p, false, "its parent doesn't wait for it any more");
  }
  if (!is_end(rec.kind)) return;
  auto* why =
      rec.kind == record_kind::terminated ? "its parent was terminated" : "its parent has ended";
  for (auto& p : s.waits_for)
    if (p.kind == wait_kind::child && !(p.flags & flag::child::abandons))
      note(p, !(p.flags & flag::child::asks_to_end), why);
}

}}}  // namespace stet::v0::detail
