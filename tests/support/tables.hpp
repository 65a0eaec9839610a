// What a table of the user's own holds.
#pragma once
#include <map>
#include <utility>

#include <stet/stet.hpp>

namespace stet_tests {

template <class K, class V> std::map<K, V> entries_of(stet::engine& e, const stet::table<K, V>& t) {
  return e.transact([&](stet::transaction& tx) {
    std::map<K, V> all;
    tx.scan(t, [&](K key, V value) { all.emplace(std::move(key), std::move(value)); });
    return all;
  });
}

}  // namespace stet_tests
