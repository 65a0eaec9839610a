// The workflows that the crash suite kills, and scripts that start, cancel and await runs of them
// from outside.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <stet/stet.hpp>

namespace stet_crash {

using flow_name = stet::workflow<std::string(int)>;
using flow_body = stet::task<std::string> (*)(stet::context&, int);
struct flow {
  flow_name name;
  flow_body body;
};

/// Every workflow that a script uses. A step whose name ends with *N makes N attempts if nothing
/// crashes.
const std::vector<flow>& flows();
std::vector<flow> step_flows();    // flow_steps.cpp
std::vector<flow> race_flows();    // flow_races.cpp
std::vector<flow> child_flows();   // flow_children.cpp
std::vector<flow> talk_flows();    // flow_talks.cpp
std::vector<flow> last_flows();    // flow_lasts.cpp
std::vector<flow> entity_flows();  // flow_entities.cpp, and the definition of the entity
void define_box(stet::engine& e);
std::unique_ptr<stet::detail::definition> box_definition();

/// A namespace whose retention is `brief_ms`: a run that has ended may be erased at any time.
inline constexpr std::string_view brief = "brief";
inline constexpr int brief_ms = 8;

inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::query<int()> Sum{"sum"};
inline constexpr stet::promise<int> Answer{"answer"};
inline constexpr stet::entity<int> Box{"box"};
inline constexpr stet::update<int(int)> Put{"put"};
inline constexpr stet::update<int(int)> Work{"work"};
inline constexpr stet::query<int()> Look{"look"};

struct start {
  std::string_view flow;
  std::string id;
  int argument = 0;
};
/// How a run must end: with one of these outcomes. If there are none, it is open when the script
/// ends.
struct ending {
  std::string id;
  std::vector<std::string> outcomes;
};
struct script {
  std::string name;
  std::vector<start> starts;
  std::vector<std::string> cancels, terminates;
  bool closes_early = false;              // its first life closes the engine half way
  void (*talk)(stet::engine&) = nullptr;  // called after the starts; idempotent
  std::vector<ending> runs;  // all that may exist, in the order in which their ends are awaited
};
const std::vector<script>& scripts();

/// A run's end as a text: its result, or '!' and how else it ended.
std::string text_of(stet::status how, std::string_view payload, const stet::failure& error);

/// Performs a script, and writes everything acknowledged as a fact. It is idempotent, so it may be
/// called again after a crash. `life` counts the lives of the store from 0; only the first one may
/// be made to end early.
void perform(const script& s, stet::engine& e, int life = 1);
/// Whether a life with that number leaves a script unfinished although nothing kills it.
inline bool ends_early(const script& s, int life) { return s.closes_early && life == 0; }

}  // namespace stet_crash
