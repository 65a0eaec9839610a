// Every script of a few operations: a workflow that plays it, and the outcome that it must have.
#pragma once
#include <string>
#include <vector>

#include "tests/support/world.hpp"

namespace stet_tests {

/// Each operation is one letter.
namespace operation {
inline constexpr char step = 's', sleep = 't', receive = 'r', child = 'c', cancel = 'x',
                      continue_as_new = 'n', any = 'y', all = 'a', update = 'u', transact = 'w',
                      // A child that isn't waited for. If it is last, it starts as the run ends.
    launch = 'l',
                      // A chain that gets a signal and a cancel request in one drive.
    heir = 'h';
inline constexpr std::string_view every = "strcxnyauwlh";
}  // namespace operation

/// All scripts of 1 to `length` operations.
std::vector<std::string> scripts_up_to(std::size_t length);

/// Defines the workflows that play scripts. Their steps hit `w.done`.
void define_player(world& w, stet::engine& e);

/// Plays a script as the run "p" to its end, and sends it the messages that it waits for. Calling
/// it again after a crash changes nothing. Returns the run's result.
std::string play(world& w, const std::string& script);

/// How often a transaction has written each place of a script.
std::map<std::string, int> written(stet::engine& e);

/// Returns how a script's outcome is wrong, or an empty text. It knows nothing of crashes, so it is
/// a short interpreter of the script that lists the possible outcomes.
std::string verdict(const std::string& script, const std::string& outcome, const effects& done,
                    int crashes);

}  // namespace stet_tests
