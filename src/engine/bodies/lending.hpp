// A body of a step that waits for a run of its own engine lends its thread to other bodies
// meanwhile, since the run may need one. If the body is tried alone as a suspect it also lets
// another suspect be tried, which may be a step of that run.
#pragma once
#include "engine/bodies/bodies.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Lends the thread of a body for the time of a scope.
class lent_thread {
 public:
  /// Throws errc::usage if too many bodies wait already.
  explicit lent_thread(bodies& home);
  lent_thread(const lent_thread&) = delete;
  lent_thread& operator=(const lent_thread&) = delete;
  ~lent_thread();

 private:
  bodies& home_;
  attempt& body_;
};

}}}  // namespace stet::v0::detail
