// Precompiled headers for the tests of the engine's parts: see src/engine/precompiled.hpp.
#pragma once
#include "../support/precompiled.hpp"

#include "engine/calls/calls_room.hpp"
