// Reads what the store of a backup knows, while no engine has it open. It looks at Stet's own
// records, for the demo. Your program calls engine.admin().describe() instead.
#pragma once
#include <cstddef>
#include <map>
#include <string>

/// A step of a run, as the journal has it.
struct journaled_step {
  unsigned begun = 0;  ///< how often the run came to it: recorded before its body ran
  unsigned ended = 0;  ///< results that are recorded
  bool under_way() const { return ended < begun; }
};

/// The content of the journal at one moment.
struct knowledge {
  std::map<std::string, journaled_step> steps;  ///< by run and step, see step_key
  std::size_t steps_done = 0;
  std::size_t steps_under_way = 0;
  std::size_t attempts_failed = 0;  ///< and were followed by another one
  std::size_t runs_begun = 0;
  std::size_t runs_completed = 0;
};

/// Returns run and step as one text, as in a line of the effects file.
std::string step_key(const std::string& run, const std::string& step);

/// Reads a whole store. Throws stet::error, or another exception for a record that makes no sense.
knowledge read_journal(const std::string& store_url);
