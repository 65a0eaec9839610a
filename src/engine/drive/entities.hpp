// Which ids are those of entities, and what an entity is that was never called.
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

  /// The entity's definition, if the id is one of an entity: "cart/ann". Null otherwise.
  const definition* find(std::string_view id) const;
  /// Answers a query of an entity that was never called. Returns false if the id is another's.
  bool answer_as_new(run_ref of, std::string_view query, std::string_view arguments,
                     std::string& out);
  /// The state of an entity is in the run that is open. If the latest one has failed (which builds
  /// before this rule let happen), its state isn't lost as long as no new one takes its place.
  /// Throws errc::run_ended.
  void must_not_have_failed(const resident& entity) const;

 private:
  services& services_;
  run_room& runs_;
};

}}}  // namespace stet::v0::detail
