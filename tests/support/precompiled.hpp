// Precompiled headers for programs of tests: see src/execution/precompiled.hpp.
#pragma once
#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include <stet/memory.hpp>

#include "execution/precompiled.hpp"
