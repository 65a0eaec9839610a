// Includes what most programs need. Not included are the backends on disk (<stet/lmdb.hpp>,
// <stet/rocksdb.hpp>, <stet/sqlite.hpp>, <stet/open.hpp>), the transforms (<stet/zstd.hpp>,
// <stet/encryption.hpp>), <stet/json.hpp>, <stet/asio.hpp>, and the headers for tests
// (<stet/testing.hpp>, <stet/strict.hpp>, <stet/conformance.hpp>).
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
