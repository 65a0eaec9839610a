// The conformance suite's forked child, for our other tests that kill processes.
#pragma once
#include "backends/conformance/child_process.hpp"

namespace stet_tests {

using stet::conformance::child_process;

}  // namespace stet_tests
