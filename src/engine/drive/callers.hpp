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
class callers {
 public:
  callers(services& s, run_room& r, recorder& rec) noexcept
      : services_(s), runs_(r), recorder_(rec) {}

  /// Something that the run waits for can't be done.
  void fail_pending(resident& r, record_kind how, command_number command, errc code,
                    std::string_view type, const std::string& text);
  /// What a run asks for can't be done: the run gets the error, or the listener where the run has
  /// ended by now.
  void fail_command(resident& r, record_kind how, const request& q, errc code,
                    std::string_view type, const std::string& text);
  /// An update that another run sent has been answered.
  void answer(std::string_view update_id, const update_answer& a);
  /// These calls get no answer any more. One whose answer stands is not told again.
  void fail(const std::vector<caller>& calls, const std::string& why);
  /// All runs that have called this one, which has ended, and have no answer yet.
  void fail_all_of(resident& r);
  /// The runs that wait for one of this id, by what is pending there: as its parent, or because
  /// they have called it. For a run that can't be read. Cost: reads all snapshots of the store.
  std::vector<caller> waiting_for(std::string_view name_space, std::string_view id, wait_kind as);

 private:
  std::vector<std::string> updates_of(resident& r);

  services& services_;
  run_room& runs_;
  recorder& recorder_;
};

}}}  // namespace stet::v0::detail
