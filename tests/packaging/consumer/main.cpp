// A user's program: consumer URL. Runs one workflow in each store and prints the results.
#include <cstdio>
#include <memory>
#include <utility>

#include <stet/encryption.hpp>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <stet/zstd.hpp>

#include "names.hpp"

namespace {
bool pays(std::unique_ptr<stet::store> store) {
  auto keys = std::make_shared<stet::encryption>("k", stet::encryption::new_key());
  stet::engine engine{std::move(store), {.transforms = {stet::zstd({.bytes_min = 1}), keys}}};
  engine.define(Pay, pay);
  engine.start();
  auto run = engine.start(Pay, "payment-1", "bob", 1000);
  return run.result() == "bob got 1000";
}

/// Whether exceptions keep their type across the border of the library.
bool refuses_nonsense() {
  try {
    stet::open("nonsense:");
  } catch (const stet::store_error& e) { return e.code() == stet::errc::usage; }
  return false;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (!pays(stet::memory::open()) || !pays(stet::open(argv[1])) || !refuses_nonsense()) return 1;
  std::puts("consumed");
}
