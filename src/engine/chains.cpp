// Runs that continue each other. Retention takes the earlier ones while a later one is open
// (engine/deletion.cpp), so nothing here needs them: a chain is found by its id, since an id has
// one chain at a time and run numbers rise, and what its earlier runs were sent stands in entries
// of its own (engine/sent_keys.hpp).
#include <optional>
#include <unordered_set>

#include "base/hooks.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// The entry of a request; nothing if it has no name by which it may come again.
std::optional<std::string> entry_of(const run_state& s, record_kind k, std::uint8_t flags,
                                    std::string_view target) {
  auto key = request_key(k, flags, target);
  if (key.empty()) return std::nullopt;
  bool is_signal = k == record_kind::signal;
  return keys::sent(s.first, is_signal ? keys::sent_kind::signal : keys::sent_kind::update, key,
                    s.run);
}

}  // namespace

/// The latest run of an id whose number is below this one, as the store says.
std::uint64_t engine_core::run_below(std::string_view name_space, std::string_view id,
                                     std::uint64_t below) {
  do below = read_latest_run(*store_, name_space, id, below).value_or(0);
  while (below && erased_.has(below));
  return below;
}

/// The run that goes on for this one: itself, unless it was continued (or all behind it has been
/// erased). Throws unreadable_run.
run_lease engine_core::last_of_chain(run_lease r) {
  while (r->state.next) {
    auto next = must_read(r->state.next, r->state.id);
    if (!next) break;
    r = std::move(next);
  }
  return r;
}

/// The last run of the chain that has this run (its number), which may be there no longer. Empty:
/// nothing of the chain is there. Throws unreadable_run: whether it goes on can't be known.
run_lease engine_core::chain_of(run_ref of) {
  auto itself = load(of.run);
  if (itself && !itself->state.next) return itself;
  if (STET_SEEDED(find_chain_by_number))
    return itself ? last_of_chain(std::move(itself)) : run_lease();
  for (auto run = latest_run(of.name_space, of.id); run >= of.run && run != 0;) {
    auto r = must_read(run, of.id);
    if (!r) break;
    if (r->state.first <= of.run) return last_of_chain(std::move(r));
    run = run_below(of.name_space, of.id, r->state.first);
  }
  if (!itself) return must_read(of.run, of.id);
  return last_of_chain(std::move(itself));
}

/// The same, or the latest run of an id (run 0). Throws as must_find.
run_lease engine_core::last_of_chain(run_ref of) {
  auto r = of.run ? chain_of(of) : run_lease();
  return r ? std::move(r) : last_of_chain(must_find(of));
}

/// The run itself, or if it has been erased the last one of its chain. Throws as must_find.
run_lease engine_core::must_find_or_follow(run_ref of) {
  auto r = of.run ? load(of.run) : run_lease();
  return r ? std::move(r) : last_of_chain(of);
}

// ---------------------------------------------------------------- what a chain was sent

/// A run continues as new: what it was sent is known to those behind it, in the same commit. `s`:
/// what it is at its end.
void engine_core::remember_sent(const execution& frame, const run_state& s) {
  if (STET_SEEDED(forget_what_was_sent)) return;
  bool any = false;
  frame.visit_sent([&](record_kind k, std::uint8_t flags, std::string_view target) {
    auto entry = entry_of(s, k, flags, target);
    if (!entry) return;
    sent_.add(*std::move(entry), journal_.riders());
    any = true;
  });
  if (any) sent_.add(keys::sent(s.first, keys::sent_kind::all, {}, s.run), journal_.riders());
}

/// A run is erased: what it was sent is known no longer.
void engine_core::forget_sent(resident& r) {
  auto first = r.state.first, run = r.state.run;
  if (!r.state.next || !sent_.has_all(first, run)) return;
  if (is_refused()) return sent_.erase_run(first, run, journal_.riders());
  try {
    for_each_record(r, [&](const record& rec) {
      if (auto entry = entry_of(r.state, rec.kind, rec.flags, rec.target))
        sent_.erase(*std::move(entry), journal_.riders());
    });
    sent_.erase(keys::sent(first, keys::sent_kind::all, {}, run), journal_.riders());
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    sent_.erase_run(first, run, journal_.riders());
  }
}

/// Which earlier run of its chain was sent this already, as far as they are kept; 0: none.
std::uint64_t engine_core::sent_before(resident& r, keys::sent_kind kind, std::string_view key) {
  auto& s = r.state;
  if (!s.previous) return 0;
  if (auto run = sent_.latest(s.first, kind, key)) return *run;
  if (sent_.has_all(s.first, s.previous)) return 0;
  // The run before this one left no entries, if it was sent nothing, or if an older build continued
  // it: its history says which.
  if (!r.sent_before) {
    auto sent = std::make_unique<std::unordered_set<std::string>>();
    if (auto before = load(s.previous)) {
      for_each_record(*before, [&](const record& rec) {
        if (auto entry = entry_of(before->state, rec.kind, rec.flags, rec.target))
          sent->insert(*entry);
      });
    }
    r.sent_before = std::move(sent);
  }
  return r.sent_before->contains(keys::sent(s.first, kind, key, s.previous)) ? s.previous : 0;
}

}  // namespace detail
}}  // namespace stet::v0
