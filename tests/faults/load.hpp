// A long life under load: four threads of callers, and the answers that they got.
#pragma once
#include <string>

#include <stet/engine.hpp>

#include "crash/scripts.hpp"

namespace stet_faults {

/// Starts runs on four threads, awaits and cancels some of them, until it is killed or has done a
/// fair amount. Each request is written as a fact first.
void put_under_load(stet::engine& e, int life);
/// Makes every request of these facts again, and awaits the run.
void drain(stet::engine& e, const std::string& facts);
/// A script with the outcomes that all requests so far must have. If `over`, every one of their
/// runs must exist.
stet_crash::script script_of(const std::string& facts, bool over);

/// Defines runs that sleep, and that return "ok" if by no clock a sleep was too short or too long.
void define_naps(stet::engine& e);
void take_naps(stet::engine& e);
stet_crash::script naps();

}  // namespace stet_faults
