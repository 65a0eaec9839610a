// Histories recorded by a real engine, of workflows that do a bit of everything.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <stet/definition.hpp>

#include "run_state/run_state.hpp"

namespace stet_tests {

struct recorded_run {
  stet::detail::run_state state;  // as the engine saw it last
  std::string history;
  stet::detail::definition* code;  // the code that ran
};

/// Ended, failed, cancelled, terminated and open runs: parents, children, races, retries, scopes.
/// Recorded once.
const std::vector<recorded_run>& recorded_runs();

/// The records of a history, each with its bytes.
struct recorded_record {
  stet::detail::record record;
  std::string_view bytes;
};
std::vector<recorded_record> split(std::string_view history);

}  // namespace stet_tests
