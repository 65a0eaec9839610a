// SQLite: the contract, the log, the files it makes. Who owns them: sqlite_owner_test.cpp.
#include <doctest/doctest.h>
#include <stet/sqlite.hpp>

#include "tests/conformance/conformance.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_conformance;
using stet_tests::temporary_directory;

namespace {

void check_contract(std::uint64_t wal_bytes) {
  temporary_directory dir;
  int n = 0;
  const stet::sqlite::options options{.wal_bytes = wal_bytes};
  check({.name = "sqlite",
         .open = [&] { return stet::sqlite::open(dir / std::to_string(n), options); },
         .durable = true,
         .fresh = [&] { ++n; }});
}

}  // namespace

TEST_CASE("the SQLite store keeps the contract of a store") { check_contract(8u << 20); }

TEST_CASE("the SQLite store keeps it with a log that is soon long") { check_contract(64u << 10); }
