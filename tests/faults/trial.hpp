// One trial: a life with a fault, judged, and lives without one, which have to put all to rights.
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
  finished,  // the script was performed, the engine closed
  failed,    // an error came out of the engine, the process ended by itself
  killed,
  died,   // of a signal of its own
  stuck,  // it took longer than anything may
};

/// Its status at its end, or when it stops for whoever traces it, as waitpid gives it.
int await(int pid);

struct how_to_live {
  bool shim = true;
  /// Called in the parent while the process lives: kills it, traces it, whatever. Returns its
  /// status, as waitpid gives it. Empty: it is only awaited.
  std::function<int(int pid)> attend;
  std::function<void()> prepare;  // in the child, before exec
};

class trial {
 public:
  /// `folder` is emptied, and used.
  trial(std::string folder, std::string kind, std::string script, std::size_t resident,
        unsigned threads);
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
  ~trial();

  control& shim() { return *control_; }
  const std::string& folder() const { return folder_; }
  const life_setup& setup() const { return setup_; }

  /// A life more. Not judged yet.
  life_end live(const how_to_live& how = {});
  /// What is in the store now, and whether it may be. `harm`: how often a step may have been cut
  /// short so far, by crashes and failures.
  void judge(unsigned harm);
  /// A life without a fault, which must finish; and the end of all.
  void finish(unsigned harm);

  /// For what has no script of the crash suite's: what the next judgement expects, and what the
  /// next lives do.
  void expect(stet_crash::script s) { script_ = std::move(s); }
  void be(std::string script) { setup_.script = std::move(script); }
  /// Somebody else has made what it has: its next life isn't the first.
  void has_lived() { ++setup_.life; }
  /// Long campaigns look at the last state only.
  void forget_all_but_last() {
    if (dumps_.size() > 1) dumps_.erase(dumps_.begin(), dumps_.end() - 1);
  }

  /// What isn't against the promises under this fault: violations with this text in them.
  void forgive(std::string_view part);
  void violate(std::string text) { violated_.push_back(std::move(text)); }
  const stet_crash::violations& violated() const { return violated_; }
  /// What the last life said: problems, and where it died.
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
/// Copies the files of a store into an empty folder; the name stays.
std::string copy_files(const std::string& store, const std::string& folder);

}  // namespace stet_faults
