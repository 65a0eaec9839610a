// The negative controls of --chaos: see broken.cpp.
#pragma once
#include <string>

#include "bank.hpp"

/// How the books get wrong: "halves" or "twice".
void define_broken_bank(stet::engine& engine, const std::string& how);
