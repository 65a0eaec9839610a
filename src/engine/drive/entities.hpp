// Tells which ids are those of entities, and answers for entities that were never called.
#pragma once
#include <string>
#include <string_view>

#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class entities {
 public:
  entities(services& s, run_room& r) noexcept : services_(s), runs_(r) {}

  /// The definition of an entity, if the id is one of an entity, like "cart/ann". Otherwise null.
  const definition* find(std::string_view id) const;
  /// Answers a query of an entity that was never called. Returns false if the id isn't one of an
  /// entity, if the entity was called, or if it doesn't know the query.
  bool answer_as_new(run_ref target, std::string_view query, std::string_view arguments,
                     std::string& out);
  /// An entity's state is in its open run. The latest run may have failed (older builds let that
  /// happen). Then its state isn't lost as long as no new run takes its place. Throws
  /// errc::run_ended.
  void must_not_have_failed(const resident& entity) const;
  /// Why a run can't be asked to end: it is an open entity, whose state would end with it. Empty
  /// for other runs.
  std::string why_not_cancelled(const run_state& s) const;

 private:
  services& services_;
  run_room& runs_;
};

}}}  // namespace stet::v0::detail
