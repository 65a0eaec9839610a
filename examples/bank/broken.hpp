#pragma once
#include "bank.hpp"

/// The negative control of --chaos: see broken.cpp.
void define_broken_bank(stet::engine& engine);
