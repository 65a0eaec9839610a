// Makes new runs: fills in their first record, and records it.
#pragma once
#include <string>

#include "engine/drive/code_entry.hpp"
#include "engine/record/recorder.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/time/time_room.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class births {
 public:
  births(services& s, time_room& t, run_room& r, recorder& rec, code_entry& d) noexcept
      : services_(s), time_(t), runs_(r), recorder_(rec), entry_(d) {}

  /// Makes a new run from its first record, and fills in the rest of that. The run is driven in a
  /// turn of its own, when its time has come. Throws a users_exception if the record can't be
  /// sealed: then there is no such run.
  run_lease create(record start);
  /// The same, but `begin` records the start, or drives the run by it. `undriven`: the run must not
  /// be driven now.
  template <class F> run_lease create(record start, bool undriven, F begin) {
    auto held = add(start);
    auto key =
        id_key(start.name_space.empty() ? default_namespace : start.name_space, start.target);
    auto before = runs_.table.set_latest(key, start.run);
    try {
      fill_in(start);
      if (waits(start, undriven)) record_undriven(*held, start);
      else begin(*held, start);
    } catch (const users_exception&) {
      entry_.forget_run(*held);
      runs_.table.restore_latest(key, before);
      throw;
    }
    time_.timers.add_ends(held->state);
    return held;
  }

 private:
  run_lease add(const record& start);
  void fill_in(record& start);
  bool waits(const record& start, bool undriven);
  void record_undriven(resident& r, record start);

  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  code_entry& entry_;
};

}}}  // namespace stet::v0::detail
