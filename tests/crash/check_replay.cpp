#include "crash/checks.hpp"
#include "execution/execution.hpp"

namespace stet_crash {

using namespace stet::detail;

namespace {

std::unique_ptr<definition> definition_for(std::string_view workflow) {
  for (auto& f : flows())
    if (f.name.text() == workflow)
      return std::make_unique<definition_of<flow_body, std::string, int>>(f.body);
  if (workflow == Box.text()) return box_definition();
  throw std::logic_error("no flow is called " + std::string(workflow));
}

/// Checks the whole history: the operations pending in the coroutine are those pending in the
/// state.
void check_whole(const stored_run& r, execution& frame, violations& v) {
  auto what = "I13 run '" + r.state.id + "'";
  bool terminated =
      r.state.status == stet::status::terminated || r.state.status == stet::status::timed_out;
  if (!terminated && frame.ended() == r.state.open()) v.push_back(what + " replays to another end");
  if (frame.replay_cursor.queued().size() != r.state.undriven && r.state.open())
    v.push_back(what + " replays to other undriven events");
  if (!r.state.open()) return;
  for (auto& p : r.state.waits_for)
    if (p.kind != wait_kind::sleep && p.kind != wait_kind::condition &&
        !frame.commands.find(p.command))
      v.push_back(what + " waits for command " + std::to_string(p.command.value()) +
                  ", and its code doesn't");
}

void check_run(const stored_run& r, violations& v) {
  auto d = definition_for(r.state.workflow);
  error_registry errors;
  drive_output work;
  auto replay = [&](std::string_view prefix, bool whole) {
    work.clear();
    execution frame(*d, errors, nullptr, r.state.run, r.state.id);
    bool good = frame.replay(prefix, work);
    if (!good)
      v.push_back("I13 run '" + r.state.id + "' doesn't replay its first " +
                  std::to_string(prefix.size()) + " bytes: " + frame.problem());
    if (good && whole) check_whole(r, frame, v);
    return good;
  };
  // An event and the commands that follow from it belong together: a prefix ends only between such
  // groups.
  for (source in(r.history); !in.done();) {
    auto at = r.history.size() - in.left();
    auto rec = decode_record(in);
    if (!is_command(rec.kind) && !replay(std::string_view(r.history).substr(0, at), false)) return;
  }
  replay(r.history, true);
}

}  // namespace

void check_replay(const dump& d, violations& v) {
  for (auto& [run, r] : d.runs) check_run(r, v);
}

}  // namespace stet_crash
