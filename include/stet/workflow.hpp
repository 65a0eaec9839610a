// What a file needs that contains workflows, and no engine.
#pragma once
#include <stet/compose.hpp>
#include <stet/context.hpp>
#include <stet/error.hpp>
#include <stet/names.hpp>
#include <stet/task.hpp>
