// What leaves a process that will be killed: facts, one line each, by unbuffered appends to a file
// outside the store.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <stet/step.hpp>

namespace stet_crash {

/// What a line says. The fields that follow it are named here.
enum class fact_kind : char {
  effect = 'E',     // id, step, attempt, idempotency key: a body began
  run = 'A',        // id: run() returned
  result = 'R',     // id, outcome: the run's end was told
  cancel = 'C',     // id: cancel() returned
  terminate = 'T',  // id: terminate() returned
  killed = 'K',     // failpoint, how manieth of its name in this life
  hits = 'H',       // count: this life went through to its end
  problem = 'P',    // text: what the engine told its listener, or why a life ended badly
};

struct fact {
  fact_kind kind;
  int life;  // from 0: processes on the same store, one after another
  std::vector<std::string> fields;
};

/// Where facts go from now on, and which life this is. The file is made if it isn't there.
void open_facts(const std::string& path, int life);
void close_facts();
/// How many lives this process has begun. Those on the memory store share a process, and their
/// statics.
int lives_begun() noexcept;
/// One write(2). Thread: any.
void tell(fact_kind kind, std::initializer_list<std::string_view> fields);
/// All facts of a file. A last line without its end is left out: it isn't a fact yet.
std::vector<fact> read_facts(const std::string& path);

/// What a step's body does to the world.
void effect(const stet::step_context& s, std::string_view id, std::string_view step);

}  // namespace stet_crash
