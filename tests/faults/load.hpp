// What a long life under load does: four threads of callers, and what they were told.
#pragma once
#include <string>

#include <stet/engine.hpp>

#include "crash/scripts.hpp"

namespace stet_faults {

/// Starts runs, awaits and cancels some of them, on four threads, until it is killed or has done a
/// fair amount. Each asked for is a fact first.
void put_under_load(stet::engine& e, int life);
/// Asks again for all that was ever asked for, and awaits it.
void drain(stet::engine& e, const std::string& facts);
/// What must have become of all that was asked for so far. `over`: each of it is there.
stet_crash::script script_of(const std::string& facts, bool over);

/// Runs that sleep, and end as "ok" if no clock says that one was early or late.
void define_naps(stet::engine& e);
void take_naps(stet::engine& e);
stet_crash::script naps();

}  // namespace stet_faults
