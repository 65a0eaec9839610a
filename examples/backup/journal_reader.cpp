#include "journal_reader.hpp"

#include <cstdint>
#include <set>
#include <stet/open.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "effects.hpp"
#include "history/block.hpp"
#include "history/record.hpp"
#include "journal/checkpoint.hpp"
#include "keys/keys.hpp"

namespace {

using namespace stet::detail;

using step_number = std::pair<run_number, command_number>;  // the run and the command

// Collects the records of all runs, in any order, and some of them twice: a block stays for a while
// after its records are in the histories.
class collector {
 public:
  void add(std::string_view records) {
    for (source in(records); !in.done();) add(decode_record(in));
  }

  knowledge result() const {
    knowledge k;
    k.steps_done = ended_.size();
    k.steps_under_way = steps_.size() - ended_.size();
    k.attempts_failed = retries_.size();
    k.runs_begun = runs_.size();
    k.runs_completed = completed_.size();
    for (const auto& [number, name] : steps_) {
      auto& step = k.steps[step_key(runs_.at(number.first), name)];
      ++step.begun;
      if (ended_.contains(number)) ++step.ended;
    }
    return k;
  }

 private:
  void add(const record& r) {
    const step_number number(r.run, r.command);
    switch (r.kind) {
      case record_kind::started: runs_[r.run] = r.target; break;
      case record_kind::completed: completed_.insert(r.run); break;
      case record_kind::step: steps_[number] = r.name; break;
      case record_kind::step_done:
      case record_kind::step_failed: ended_.insert(number); break;
      case record_kind::retry: retries_.emplace(r.run, r.command, r.attempt); break;
      default: break;
    }
  }

  std::map<run_number, std::string> runs_;  // their ids
  std::set<run_number> completed_;
  std::map<step_number, std::string> steps_;  // their names
  std::set<step_number> ended_;
  std::set<std::tuple<run_number, command_number, std::uint32_t>> retries_;
};

template <class F> void each(stet::store& store, keys::space space, F visit) {
  const auto from = keys::all(space);
  const auto to = keys::end_of(from);
  stet::scan(store, {from, to}, [&](std::string_view key, std::string_view value) {
    visit(keys::last_number(key), value);
    return true;
  });
}

}  // namespace

std::string step_key(const std::string& run, const std::string& step) {
  return one_field(run) + '\t' + one_field(step);
}

knowledge read_journal(const std::string& store_url) {
  const auto store = stet::open(store_url);
  collector found;
  // The histories of the runs, as far as the checkpoint has come …
  std::vector<run_number> runs;
  each(*store, keys::space::snapshot,
       [&](std::uint64_t run, std::string_view) { runs.emplace_back(run); });
  for (const auto run : runs)
    if (const auto state = read_snapshot(*store, run))
      found.add(read_history(*store, run, state->records));
  // … and the blocks after that.
  each(*store, keys::space::journal, [&](std::uint64_t number, std::string_view block) {
    open_block(block, number);
    found.add(records_of(block));
  });
  return found.result();
}
