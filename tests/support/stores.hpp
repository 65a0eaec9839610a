// Every kind of store that was built, with settings that keep it busy: short logs, little memory.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <stet/memory.hpp>
#include <stet/store.hpp>
#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif
#if STET_TESTS_HAVE_ROCKSDB
#include <stet/rocksdb.hpp>
#endif
#if STET_TESTS_HAVE_SQLITE
#include <stet/sqlite.hpp>
#endif

namespace stet_tests {

/// A kind of store: opens the store at a path, or makes it.
struct kind_of_store {
  std::string scheme;
  std::function<std::unique_ptr<stet::store>(const std::string& path)> open;
};

inline std::vector<kind_of_store> kinds_in_files() {
  std::vector<kind_of_store> kinds;
#if STET_TESTS_HAVE_LMDB
  kinds.push_back({"lmdb", [](const std::string& path) {
                     return stet::lmdb::open(path, {.map_bytes = 1u << 20, .log_bytes = 64u << 10});
                   }});
#endif
#if STET_TESTS_HAVE_ROCKSDB
  kinds.push_back({"rocksdb", [](const std::string& path) {
                     return stet::rocksdb::open(path, {.memtable_bytes = 1});
                   }});
#endif
#if STET_TESTS_HAVE_SQLITE
  kinds.push_back({"sqlite", [](const std::string& path) {
                     return stet::sqlite::open(path, {.wal_bytes = 64u << 10});
                   }});
#endif
  return kinds;
}

/// Those kinds, and memory, whose content lasts as long as this list.
inline std::vector<kind_of_store> all_kinds() {
  auto kinds = kinds_in_files();
  kinds.push_back({"memory", [contents = stet::memory::make_contents()](const std::string&) {
                     return stet::memory::open(contents);
                   }});
  return kinds;
}

}  // namespace stet_tests
