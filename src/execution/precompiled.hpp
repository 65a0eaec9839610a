// The same as src/base/precompiled.hpp, for replay, the engine, and programs of ours that are
// linked with it.
#pragma once
#include "../base/precompiled.hpp"

#include <stet/stet.hpp>
