// The history of a run outside of its store: keep it with the tests, and replay it with next year's
// code before that is deployed.
#pragma once
#include <string>
#include <string_view>

#include <stet/engine.hpp>
#include <stet/export.hpp>
#include <stet/preview.hpp>

namespace stet { inline namespace v0 {

/// Returns the whole history of the latest run of an id, open or ended, as bytes for a file:
/// docs/format.md, "An exported history". It holds what the store holds: arguments and results,
/// sealed if the engine has transforms.
///
/// Throws   errc::not_found, errc::corrupt, and as every call of the engine.
/// Thread   any but the engine's own, once the engine is started.
STET_API std::string export_history(engine& e, std::string_view id,
                                    std::string_view name_space = "default");

/// Replays an exported history with the workflows that are defined in `e`, an engine that hasn't
/// been started. Its store isn't touched, and no step is run. Events that the run had not observed
/// yet are delivered as well; what the workflow does after its history is forgotten.
///
/// Returns  whose history it is, and in `reason` why this program would stall that run. An empty
///          reason means that the run would go on, or, if it has ended, end in the same way.
/// Throws   errc::corrupt if the bytes are no exported history, or damaged; errc::payload if they
///          are sealed and the transforms of `e` can't open them; errc::usage after start().
STET_API stalled_run replay_history(engine& e, std::string_view exported);

}}  // namespace stet::v0
