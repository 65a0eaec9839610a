// Every script of a few operations: a workflow that plays it, and what it must come to.
#pragma once
#include <string>
#include <vector>

#include "tests/support/world.hpp"

namespace stet_tests {

/// One letter an operation.
namespace operation {
inline constexpr char step = 's', sleep = 't', receive = 'r', child = 'c', cancel = 'x',
                      continue_as_new = 'n', any = 'y', all = 'a', update = 'u', transact = 'w',
                      // A child that isn't waited for: the last of a script starts it in the drive
    // that ends the run.
    launch = 'l',
                      // A chain that hears a signal, by which it is continued, and a request to end
    // in one drive.
    heir = 'h';
inline constexpr std::string_view every = "strcxnyauwlh";
}  // namespace operation

/// All scripts of 1 to `length` operations.
std::vector<std::string> scripts_up_to(std::size_t length);

/// The workflows that play scripts. Their steps hit `w.done`.
void define_player(world& w, stet::engine& e);

/// Plays a script as the run "p", to its end, and sends it what it waits for. Done again after a
/// crash, it changes nothing. Returns what the run returned.
std::string play(world& w, const std::string& script);

/// How often each place of a script was written by a transaction.
std::map<std::string, int> written(stet::engine& e);

/// What is wrong with a script's outcome; empty: nothing. It is a few lines because there is no
/// crash in it: an interpreter of the script that says what may come.
std::string verdict(const std::string& script, const std::string& outcome, const effects& done,
                    int crashes);

}  // namespace stet_tests
