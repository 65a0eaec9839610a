// A history outside of its store.
#include "engine/calls/history_bytes.hpp"

#include <doctest/doctest.h>

#include <stet/error.hpp>

using namespace stet::detail;

namespace {

history_bytes some() {
  history_bytes h;
  h.name_space = "default";
  h.id = "a";
  h.workflow = "pay";
  h.version = "2";
  h.run = run_number(7);
  h.records = std::string("\0\x01\xff", 3);
  return h;
}

}  // namespace

TEST_CASE("what was exported is read as it was") {
  auto h = decode_history(encode(some()));
  CHECK(h.name_space == "default");
  CHECK(h.id == "a");
  CHECK(h.workflow == "pay");
  CHECK(h.version == "2");
  CHECK(h.run == run_number(7));
  CHECK(h.records == some().records);
}

TEST_CASE("damage is noticed, wherever it is") {
  auto bytes = encode(some());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_THROWS_AS((void)decode_history(bytes.substr(0, length)), stet::error);
  CHECK_THROWS_AS((void)decode_history(bytes + "x"), stet::error);
  auto last = bytes;
  last.back() = '\x7f';
  CHECK_THROWS_WITH_AS((void)decode_history(last), doctest::Contains("checksum"), stet::error);
  bytes[2] = 'X';  // another kind of file
  CHECK_THROWS_AS((void)decode_history(bytes), stet::error);
}
