// The same for replay, the engine, and programs of ours that are linked with it: see
// src/base/precompiled.hpp.
#pragma once
#include "../base/precompiled.hpp"

#include <stet/stet.hpp>
