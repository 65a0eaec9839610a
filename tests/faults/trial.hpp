// One trial: a life with a fault, which is judged, then lives without a fault, which must finish
// everything.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "crash/checks.hpp"
#include "faults/shim/control.hpp"
#include "faults/worker.hpp"

namespace stet_faults {

enum class life_end {
  finished,  // the script was performed, and the engine closed
  failed,    // an error came out of the engine, the process ended by itself
  killed,
  died,   // of a signal that it raised itself
  stuck,  // it took too long
};

/// The status of a process when it ends, or when it stops for its tracer, as waitpid gives it.
int await(int pid);

struct how_to_live {
  bool shim = true;
  /// Called in the parent while the process lives, for example to kill it or to trace it. Returns
  /// its status, as waitpid gives it. If empty, the parent only waits.
  std::function<int(int pid)> attend;
  std::function<void()> prepare;  // in the child, before exec
};

class trial {
 public:
  /// Empties `folder` and uses it.
  trial(std::string folder, std::string kind, std::string script, std::size_t resident,
        unsigned threads);
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
  ~trial();

  control& shim() { return *control_; }
  const std::string& folder() const { return folder_; }
  const life_setup& setup() const { return setup_; }

  /// Runs one more life. Doesn't judge it.
  life_end live(const how_to_live& how = {});
  /// Checks the store as it is now. `harm` is how often a step may have been cut short so far, by
  /// crashes and failures.
  void judge(unsigned harm);
  /// Runs a life without a fault, which must finish, and checks the final state.
  void finish(unsigned harm);

  /// For a trial without a script of the crash suite: sets what the next judgement expects, or the
  /// script that the next lives run.
  void expect(stet_crash::script s) { script_ = std::move(s); }
  void be(std::string script) { setup_.script = std::move(script); }
  /// The test made the trial's files itself, so the next life isn't the first.
  void has_lived() { ++setup_.life; }
  /// Long campaigns compare with the last state only.
  void forget_all_but_last() {
    if (dumps_.size() > 1) dumps_.erase(dumps_.begin(), dumps_.end() - 1);
  }

  /// Violations with this text in them are allowed under this fault.
  void forgive(std::string_view part);
  void violate(std::string text) { violated_.push_back(std::move(text)); }
  const stet_crash::violations& violated() const { return violated_; }
  /// The problems that the last life reported, and where it died.
  std::string last_words() const;

 private:
  stet_crash::dump look(bool finished);

  std::string folder_;
  life_setup setup_;
  stet_crash::script script_;
  control* control_;
  stet_crash::violations violated_;
  std::vector<std::pair<int, stet_crash::dump>> dumps_;
};

const char* to_text(life_end e);
/// Copies the files of a store into an empty folder, under the same name.
std::string copy_files(const std::string& store, const std::string& folder);

}  // namespace stet_faults
