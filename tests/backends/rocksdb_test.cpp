// RocksDB: the contract, the files it makes, what it refuses to open. Who owns them:
// rocksdb_owner_test.cpp.
#include <doctest/doctest.h>

#include <stet/rocksdb.hpp>

#include "tests/conformance/conformance.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_conformance;
using stet::errc;
using stet_tests::temporary_directory;

namespace {

void check_contract(std::uint64_t log_bytes) {
  temporary_directory dir;
  int n = 0;
  const stet::rocksdb::options options{.log_bytes = log_bytes};
  check({.name = "rocksdb",
         .open = [&] { return stet::rocksdb::open(dir / std::to_string(n), options); },
         .durable = true,
         .fresh = [&] { ++n; }});
}

}  // namespace

TEST_CASE("the RocksDB store keeps the contract of a store") { check_contract(8u << 20); }

TEST_CASE("the RocksDB store keeps it with a log that is soon full") { check_contract(64u << 10); }

TEST_CASE("the RocksDB store keeps it without a log") { check_contract(0); }
