// Pays what was owed to a run while its snapshot couldn't be read.
#pragma once
#include "engine/drive/calling_runs.hpp"
#include "engine/drive/ending.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class debt_payer {
 public:
  debt_payer(services& s, run_room& r, calling_runs& k, ending& e) noexcept
      : services_(s), runs_(r), calling_runs_(k), ending_(e) {}

  /// A debt that can't be paid yet, since another run can't be read, stays owed.
  void pay(resident& r);

 private:
  struct wait {
    command_number command;
    run_number child;  // 0 if it waits for a call
    std::string id;
  };
  bool look_at_pending(resident& r);
  bool look(resident& r, const wait& w);
  void look_at_child(resident& r, const wait& w);
  void look_at_call(resident& r, const wait& w);

  services& services_;
  run_room& runs_;
  calling_runs& calling_runs_;
  ending& ending_;
};

}}}  // namespace stet::v0::detail
