// The negative controls of --chaos: see broken.cpp.
#pragma once
#include <string>

#include "bank.hpp"

/// Says how the books become wrong: "halves" or "twice".
void define_broken_bank(stet::engine& engine, const std::string& how);
