// The same as src/execution/precompiled.hpp, and the engine's rooms, which most of its sources see.
#pragma once
#include "../execution/precompiled.hpp"

#include "engine/calls/calls_room.hpp"
