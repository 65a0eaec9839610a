// The facts that a process writes before it is killed: one line each, appended without a buffer to
// a file outside the store.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <stet/step.hpp>

namespace stet_crash {

/// The kind of a line. The comment names the fields that follow it.
enum class fact_kind : char {
  effect = 'E',     // id, step, attempt, idempotency key: a body began
  run = 'A',        // id: run() returned
  result = 'R',     // id, outcome: the run's end was reported
  cancel = 'C',     // id: cancel() returned
  terminate = 'T',  // id: terminate() returned
  killed = 'K',     // failpoint, its number among those of its name in this life
  hits = 'H',       // count: this life went through to its end
  problem = 'P',    // text: a problem that the engine reported, or why a life ended badly
};

struct fact {
  fact_kind kind;
  int life;  // from 0: processes on the same store, one after another
  std::vector<std::string> fields;
};

/// Sets the file to which facts are appended from now on, and the number of this life. Makes the
/// file if it doesn't exist.
void open_facts(const std::string& path, int life);
void close_facts();
/// How many lives this process has begun. Lives on the memory store share a process, and its static
/// variables.
int lives_begun() noexcept;
/// One write(2). Thread: any.
void tell(fact_kind kind, std::initializer_list<std::string_view> fields);
/// All facts in a file. A last line without its line end is no fact yet, and is left out.
std::vector<fact> read_facts(const std::string& path);

/// Writes the effect of a step's body as a fact.
void effect(const stet::step_context& s, std::string_view id, std::string_view step);

}  // namespace stet_crash
