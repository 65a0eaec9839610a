// Runs that wait for an answer of another run: they have called it, or are its parent.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/recorder.hpp"
#include "engine/runs/caller.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class calling_runs {
 public:
  calling_runs(services& s, run_room& r, recorder& rec) noexcept
      : services_(s), runs_(r), recorder_(rec) {}

  /// Gives the run the error that something it waits for can't be done.
  void fail_pending(resident& r, record_kind how, command_number command, errc code,
                    std::string_view type, const std::string& text);
  /// A command of a run can't be carried out: the run gets the error, or the listener if the run
  /// has ended by now.
  void fail_command(resident& r, record_kind how, const request& q, errc code,
                    std::string_view type, const std::string& text);
  /// The same for the start of a child. If the parent doesn't wait for the child, the listener gets
  /// the reason, too: perhaps no code ever asks for the child's result.
  void child_not_started(resident& parent, const request& q, std::string_view type,
                         const std::string& text);
  /// An update that another run has sent is answered: gives that run the answer.
  void answer(std::string_view update_id, const update_answer& a);
  /// Fails these calls, which get no answer any more. A call that has its answer already isn't
  /// changed.
  void fail(const std::vector<caller>& calls, const std::string& why);
  /// Fails the calls of all runs that have called this one, which has ended, and that have no
  /// answer yet.
  void fail_all_of(resident& r);
  /// The runs that wait for a run of this id, as their own states say: as its parent, or because
  /// they have called it. For a run that can't be read. Cost: reads all snapshots of the store.
  std::vector<caller> waiting_for(std::string_view name_space, std::string_view id, wait_kind as);

 private:
  std::vector<std::string> updates_of(resident& r);

  services& services_;
  run_room& runs_;
  recorder& recorder_;
};

}}}  // namespace stet::v0::detail
