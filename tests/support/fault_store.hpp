// A store that fails on purpose, counts, and calls a test at every operation: the same class that
// users have.
#pragma once
#include <stet/test_doubles.hpp>

namespace stet_tests {

using stet::testing::fault;
using stet::testing::fault_store;
using stet::testing::faults;
using stet::testing::moment;
using stet::testing::store_call;

}  // namespace stet_tests
