// A body of a step that waits for a run of its own engine lends its thread to others meanwhile,
// since the run may need one. So does its turn, if it is tried as a suspect: a step of that run may
// be another.
#pragma once
#include "engine/bodies/bodies.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// For the time of a scope, on the thread of a body.
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
