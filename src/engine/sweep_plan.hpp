// What retention knows between two sweeps (deletion.cpp).
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <stet/time.hpp>

namespace stet { inline namespace v0 { namespace detail {

struct sweep_plan {
  std::map<std::string, duration, std::less<>> keep;  // by namespace, where it isn't the engine's
  std::int64_t next = 0;                              // when to look what is old
  std::map<std::string, std::string>
      looked_to;                    // by namespace: the latest entry that was looked at
  std::vector<std::uint64_t> busy;  // of those: bodies of theirs still ran
  std::int64_t ended_until = 0;     // runs that ended before this are in the index by end
};

}  // namespace detail
}}  // namespace stet::v0
