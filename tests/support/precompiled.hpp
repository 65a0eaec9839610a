// The same for programs of tests: see src/base/precompiled.hpp.
#pragma once
#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include <stet/memory.hpp>

#include "base/precompiled.hpp"
