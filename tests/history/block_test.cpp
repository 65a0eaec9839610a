#include "history/block.hpp"

#include "base/bytes.hpp"
#include "tests/support/bytes.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

std::string block_of(std::string_view records, const block_header& h) {
  std::string block(block_header_bytes, '\0');
  block += records;
  seal_block(block, h);
  return block;
}

}  // namespace

TEST_CASE("a block comes back with its header and its records") {
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 200; ++i) {
    auto records = random.text(300);
    block_header h{random.number(), record_lsn(random.number()),
                   static_cast<std::uint32_t>(random.below(records.size() + 1)),
                   engine_time(random.signed_number())};
    auto block = block_of(records, h);
    auto found = open_block(block, h.number);
    CHECK(found.number == h.number);
    CHECK(found.first_lsn == h.first_lsn);
    CHECK(found.count == h.count);
    CHECK(found.time == h.time);
    CHECK(records_of(block) == records);
  }
}

TEST_CASE("a block under another block's number is refused") {
  auto block = block_of("records", {7, record_lsn(1), 1, {}});
  CHECK_THROWS_AS(open_block(block, 8), malformed);
}

TEST_CASE("a block that counts more records than it has bytes is refused") {
  auto block = block_of("abc", {1, record_lsn(1), 4, {}});
  CHECK_THROWS_AS(open_block(block, 1), malformed);
}

TEST_CASE("a block that is cut short anywhere is refused") {
  auto block = block_of("some records", {1, record_lsn(1), 2, engine_time(3)});
  for (std::size_t n = 0; n < block.size(); ++n)
    CHECK_THROWS_AS(open_block(block.substr(0, n), 1), malformed);
}

TEST_CASE("every bit of a block counts") {
  auto block = block_of("some records", {1, record_lsn(1), 2, engine_time(3)});
  for (std::size_t bit = 0; bit < 8 * block.size(); ++bit) {
    auto bad = block;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    CHECK_THROWS_AS(open_block(bad, 1), malformed);
  }
}

TEST_CASE("a damaged block is refused") {
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 3000; ++i) {
    auto block = block_of(random.text(100),
                          {1, record_lsn(random.number()), 0, engine_time(random.signed_number())});
    auto bad = random.damaged(block);
    if (bad == block) continue;
    CHECK_THROWS_AS(open_block(bad, 1), malformed);
  }
}
