// A store that fails on purpose, counts, and tells a test about every operation: the one that users
// have.
#pragma once
#include <stet/test_doubles.hpp>

namespace stet_tests {

using stet::testing::fault;
using stet::testing::fault_store;
using stet::testing::faults;
using stet::testing::moment;
using stet::testing::store_call;

}  // namespace stet_tests
