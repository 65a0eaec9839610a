// Stores that acknowledge what no flush has made durable: a cut must take something from them.
#pragma once
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet_powercut {

/// Takes durability::sync for durability::process.
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
