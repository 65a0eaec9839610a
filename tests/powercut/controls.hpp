// Stores that acknowledge commits that no flush has made durable: a power cut must lose some of
// them.
#pragma once
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet_powercut {

/// Treats durability::sync as durability::process.
struct without_flush final : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, stet::durability) override {
    inner_->commit(b, stet::durability::process);
  }
};

#if STET_TESTS_HAVE_LMDB
/// LMDB itself, opened with MDB_NOSYNC.
std::unique_ptr<stet::store> open_lmdb_nosync(const std::string& path);
#endif

}  // namespace stet_powercut
