#include <doctest/doctest.h>

#include <stet/memory.hpp>

#include "tests/conformance/conformance.hpp"

TEST_CASE("the memory store keeps the contract of a store") {
  std::shared_ptr<stet::memory::contents> contents;
  stet_conformance::check({.name = "memory",
                           .open = [&] { return stet::memory::open(contents); },
                           .durable = false,
                           .fresh = [&] { contents = stet::memory::make_contents(); }});
}

TEST_CASE("a memory store over no contents is empty, and by itself") {
  auto a = stet::memory::open(), b = stet::memory::open();
  stet::batch w;
  w.put("k", "v");
  a->commit(w, stet::durability::sync);
  CHECK(a->get("k") == "v");
  CHECK(!b->get("k"));
}
