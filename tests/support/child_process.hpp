// The conformance suite's forked child, for our other tests that kill processes.
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port/child.hpp"

namespace stet_tests {

using stet::port::child_process;

}  // namespace stet_tests
