// Everything but the backends and the JSON codec: <stet/lmdb.hpp>, <stet/sqlite.hpp>,
// <stet/open.hpp>, <stet/json.hpp>.
#pragma once
#include <stet/check.hpp>
#include <stet/copy.hpp>
#include <stet/engine.hpp>
#include <stet/entity.hpp>
#include <stet/history_file.hpp>
#include <stet/memory.hpp>
#include <stet/saga.hpp>
#include <stet/store.hpp>
#include <stet/workflow.hpp>
