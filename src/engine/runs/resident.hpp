// A run in memory, and the key by which it is found there.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/bodies/attempt.hpp"
#include "engine/door/call.hpp"
#include "engine/runs/attempt_index.hpp"
#include "execution/execution.hpp"
#include "index/entries.hpp"
#include "payloads/payloads.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::size_t id_bytes_max = 200;
/// A namespace as records and states have it.
inline std::string_view as_stored(std::string_view name_space) noexcept {
  return name_space == default_namespace ? std::string_view() : name_space;
}
/// The key of an id's latest run in memory.
inline std::string id_key(std::string_view name_space, std::string_view id) {
  std::string key(as_stored(name_space));
  key.push_back('\0');
  return key += id;
}
/// The owner of a run's payloads.
inline payload_owner owner_of(const run_state& s) noexcept {
  return {s.run, {s.seed[0], s.seed[1]}, namespace_of(s), s.id};
}
/// The same for a run that begins with this record.
inline payload_owner owner_of_new(const record& started) noexcept {
  auto name_space = started.name_space.empty() ? default_namespace : started.name_space;
  return {started.run, {started.seed[0], started.seed[1]}, name_space, started.target};
}
/// A run in memory.
struct resident {
  run_state state;
  std::unique_ptr<execution> frame;  // its coroutine, unless evicted
  std::string unsaved;               // records that are in no chunk in the store yet
  std::uint64_t unsaved_first = 0;   // number of the first of them
  /// Records before `unsaved`, whose chunk is in a block that isn't durable yet.
  struct riding_records {
    std::uint64_t first;  // number of the first of them
    std::string records;
  };
  std::optional<riding_records> riding;
  record_lsn last_lsn;
  std::uint64_t sliced_in = 0;     // the block that has its latest slice
  std::vector<attempt*> attempts;  // under way, or waiting in the gate
  attempt_index by_step;
  std::uint64_t attempts_looked_at = 0;  // by for_attempts_of
  std::vector<outcome_call*> waiting_calls;
  std::vector<update_call*> updaters;
  std::vector<change_call*> watchers;
  /// The keys that the previous run of the chain was sent, if that run left no entries. Null until
  /// they are needed: see sent_log::sent_before.
  std::unique_ptr<std::unordered_set<std::string>> sent_before;
  std::optional<std::list<resident*>::iterator> lru;  // set while there is a frame
  bool frame_set_aside = false;                       // see frames::evict
  bool revived = false;                               // it was revived since the start
  bool queued = false;                                // it is on the agenda
  bool resumes_later = false;  // resume it when no body refers to its frame any more
  record_lsn dirty_since;      // LSN of the first of `unsaved`; 0 if none
  std::uint32_t leases = 0;    // leases that hold it
  bool forgotten = false;      // it isn't in the table any more: the last lease deletes it
  bool was_put_aside = false;  // some of `unsaved` were put aside, until its next slice

  void add(attempt& a) {
    a.ticket.index = attempts.size();
    attempts.push_back(&a);
    by_step.added(a, attempts);
  }
  /// Does nothing if the attempt was removed before.
  void remove(attempt& a) noexcept {
    if (a.ticket.index >= attempts.size() || attempts[a.ticket.index] != &a) return;
    attempts.back()->ticket.index = a.ticket.index;
    attempts[a.ticket.index] = attempts.back();
    attempts.pop_back();
    by_step.removed(a);
  }
  /// Calls `f` for each attempt of one step. `f` must not add or remove attempts.
  template <class F> void for_attempts_of(command_number step, F f) {
    attempts_looked_at += by_step.for_each(step, attempts, f);
  }
};

}  // namespace detail
}}  // namespace stet::v0
