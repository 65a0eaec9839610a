// Reads a whole store, or a table of the user's own.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <stet/stet.hpp>

namespace stet_tests {

inline std::map<std::string, std::string> dump_of(stet::store& s) {
  std::map<std::string, std::string> all;
  stet::scan(s, {}, [&](std::string_view k, std::string_view v) {
    all.emplace(k, v);
    return true;
  });
  return all;
}

template <class K, class V> std::map<K, V> entries_of(stet::engine& e, const stet::table<K, V>& t) {
  return e.transact([&](stet::transaction& tx) {
    std::map<K, V> all;
    tx.scan(t, [&](K key, V value) { all.emplace(std::move(key), std::move(value)); });
    return all;
  });
}

}  // namespace stet_tests
