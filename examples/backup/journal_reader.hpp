// What the store of a backup knows, read while no engine has it open. A look under the bonnet, for
// the demo: your program asks engine.admin().describe().
#pragma once
#include <cstddef>
#include <map>
#include <string>

/// A step of a run, as the journal has it.
struct journaled_step {
  unsigned begun = 0;  ///< how often the run came to it: the journal held this before its body ran
  unsigned ended = 0;  ///< results that stand
  bool under_way() const { return ended < begun; }
};

/// What the journal knew at one moment.
struct knowledge {
  std::map<std::string, journaled_step> steps;  ///< by run and step, see step_key
  std::size_t steps_done = 0;
  std::size_t steps_under_way = 0;
  std::size_t attempts_failed = 0;  ///< and were tried again
  std::size_t runs_begun = 0;
  std::size_t runs_completed = 0;
};

/// Run and step as one text, as in a line of the effects file.
std::string step_key(const std::string& run, const std::string& step);

/// Reads a whole store. Throws stet::error, or what is wrong with a record.
knowledge read_journal(const std::string& store_url);
