// Includes everything but the backends, the transforms, Asio and the JSON codec: those are
// <stet/lmdb.hpp>, <stet/sqlite.hpp>, <stet/rocksdb.hpp>, <stet/open.hpp>, <stet/zstd.hpp>,
// <stet/encryption.hpp>, <stet/asio.hpp> and <stet/json.hpp>.
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
