// Time, entropy and a listener that a test controls: the same classes that users have.
#pragma once
#include <stet/test_doubles.hpp>

namespace stet_tests {

using fake_clock = stet::testing::virtual_clock;
using stet::testing::effects;
using stet::testing::recorder;
using stet::testing::seeded_entropy;

}  // namespace stet_tests
